"""`earshot publish`: its options, and what is shown of what was, or would be, sent or written."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from inference.locating import Report
    from inference.tune.publishing.parcel import Act, Parcel, Source, WeightType

HUB = "hub:"


def publish(  # noqa: PLR0913 - one parameter a flag
    *,
    adapter: Annotated[Path, typer.Argument(help="The folder that `earshot train` wrote.")],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="hub:OWNER/NAME", help="Send it to the model hub."),
    ] = None,
    merged: Annotated[
        Path | None,
        typer.Option("--merged", help="Write base and adapter as one model into this folder."),
    ] = None,
    gguf: Annotated[
        Path | None,
        typer.Option("--gguf", help="Write them as one GGUF file, for llama-server and Ollama."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", help="Hub id or folder of its base, if not what it names."),
    ] = None,
    kind: Annotated[
        Literal["f32", "f16", "bf16", "q8_0"] | None,
        typer.Option(
            "--type",
            help="Of the weights. A folder: the base's own unless given, no q8_0. A GGUF file: f16.",
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Only you may see the repository.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model that stands there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent or written, and end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Publish an adapter: to the model hub, or merged into its base as a folder or a GGUF file."""
    _check_options(
        [to, merged, gguf],
        for_hub={"--private": private},
        for_disk={"--overwrite": overwrite, "--type": kind is not None},
    )
    from inference.tune.publishing.parcel import Source

    source = Source(adapter, base)
    act: Act
    if to is not None:
        act = _to_hub(source, to, private=private)
    elif merged is not None:
        act = _to_folder(source, merged, kind=kind, overwrite=overwrite)
    else:
        assert gguf is not None  # noqa: S101 - checked above: exactly one is given
        act = _to_file(source, gguf, kind=kind, overwrite=overwrite)
    if dry_run:
        parcel = act.plan()
    else:
        with _reporting() as report:
            parcel = act.carry_out(report)
    typer.echo(_shown(parcel, done=not dry_run, as_json=as_json))


def _check_options(
    targets: list[str | Path | None], *, for_hub: dict[str, bool], for_disk: dict[str, bool]
) -> None:
    if sum(target is not None for target in targets) != 1:
        raise typer.BadParameter("give exactly one of --to, --merged and --gguf")
    to_hub = targets[0] is not None
    for name, given in (for_disk if to_hub else for_hub).items():
        if given:
            where = "--merged and --gguf" if to_hub else "--to"
            raise typer.BadParameter(f"goes with {where}", param_hint=name)


def _to_hub(source: "Source", to: str, *, private: bool) -> "Act":
    from inference.tune.publishing.hub import HubAct

    if not to.startswith(HUB):
        raise typer.BadParameter(f"write {HUB}OWNER/NAME", param_hint="--to")
    return HubAct(source, to.removeprefix(HUB), private=private)


def _to_folder(
    source: "Source", target: Path, *, kind: "WeightType | None", overwrite: bool
) -> "Act":
    from inference.tune.publishing.folder import FolderAct

    return FolderAct(source, target, weights=kind, overwrite=overwrite)


def _to_file(
    source: "Source", target: Path, *, kind: "WeightType | None", overwrite: bool
) -> "Act":
    from inference.tune.publishing.gguf_file import GgufAct

    return GgufAct(source, target, weights=kind or "f16", overwrite=overwrite)


@contextmanager
def _reporting() -> Iterator["Report"]:
    """Show on stderr what is being done: a line that changes on a terminal, lines elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    said = ""
    with console.status("") as status:

        def report(detail: str, progress: float | None = None) -> None:
            nonlocal said
            status.update(detail if progress is None else f"{detail}: {progress:.0%}")
            if detail != said and not console.is_terminal:
                console.print(detail)
            said = detail

        yield report


def _shown(parcel: "Parcel", *, done: bool, as_json: bool) -> str:
    if as_json:
        files = [{"name": item.name, "bytes": item.num_bytes} for item in parcel.items]
        return json.dumps({"target": parcel.target, "published": done, "files": files})
    sizes = [(_size(item.num_bytes), item.name) for item in parcel.items]
    lines = [f"{'Published to' if done else 'Would publish to'} {parcel.target}"]
    lines += [f"  ({parcel.note})"] if parcel.note else []
    lines += [f"{size:>12}  {name}" for size, name in [*sizes, (_size(parcel.num_bytes), "in all")]]
    return "\n".join(lines)


def _size(num_bytes: int | None) -> str:
    if num_bytes is None:
        return "-"
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= step:
            return f"{num_bytes / step:.1f} {unit}"
    return f"{num_bytes} B"
