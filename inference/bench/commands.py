"""`earshot bench`: the options of its measurements of the model side, and what they print."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from inference.errors import InferenceError

if TYPE_CHECKING:
    from inference.bench.contest import Contest
    from inference.bench.options import Say
    from inference.bench.result import Result

bench_app = typer.Typer(no_args_is_help=True, help="Measure the model side.")


@dataclass(frozen=True, slots=True)
class Common:
    """The options that the measurements share."""

    model: Annotated[
        str | None,
        typer.Option("--model", help="Hub id or folder; the default model if not given."),
    ] = None
    shape: Annotated[
        str | None,
        typer.Option("--shape", help="Random weights in the sizes of this known model; no files."),
    ] = None
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; a GPU where there is one.")
    ] = None
    precision: Annotated[
        str | None, typer.Option("--precision", help="fp32, bf16, fp16, nf4, or int8 of a --model.")
    ] = None
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads; all cores.")
    ] = None
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="The median counts.")] = 5
    gguf: Annotated[
        Path | None,
        typer.Option("--gguf", exists=True, help="What llama.cpp runs, for another --model."),
    ] = None
    llama: Annotated[
        str, typer.Option("--llama", help="Weights that llama.cpp runs, such as q4_0,q8_0,f32.")
    ] = "q4_0"
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw a plot too: a .png or .svg file.")
    ] = None


Measure = Callable[["Contest", "Say"], "Result"]


def _measurement(act: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `act`, whose first parameter is Common: those options become its own."""
    kind = inspect.Parameter.KEYWORD_ONLY
    hints = get_type_hints(Common, include_extras=True)
    common = [
        inspect.Parameter(one.name, kind, default=one.default, annotation=hints[one.name])
        for one in fields(Common)
    ]
    _, *own = inspect.signature(act).parameters.values()

    def command(**given: Any) -> None:
        shared = {one.name: given.pop(one.name) for one in common}
        act(Common(**shared), **given)

    command.__name__, command.__doc__ = act.__name__, act.__doc__
    command.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in (*own, *common)}
    bench_app.command()(command)
    return command


Histories = Annotated[
    str, typer.Option("--histories", help="Lengths in tokens, with commas between.")
]
AtOnce = Annotated[
    str, typer.Option("--at-once", help="How many messages arrive at once; with commas between.")
]


@_measurement
def decide(common: Common, *, histories: Histories = "256,1024,2048") -> None:
    """Time one decision: on the kept prefix, re-read in the articles' way, and by other engines."""
    from inference.bench.decide import measure_decisions

    lengths = numbers(histories, "--histories")
    _measure(common, lambda contest, say: measure_decisions(contest, lengths, say=say))


@_measurement
def throughput(
    common: Common,
    *,
    conversations: Annotated[
        str, typer.Option("--conversations", help="How many are kept, with commas between.")
    ] = "16",
    histories: Histories = "512",
    at_once: AtOnce = "1,4,16",
) -> None:
    """Count decisions a second over many conversations, several messages at once."""
    from inference.bench.throughput import measure_throughput

    counts = numbers(conversations, "--conversations")
    lengths = numbers(histories, "--histories")
    together = numbers(at_once, "--at-once")

    def measure(contest: "Contest", say: "Say") -> "Result":
        return measure_throughput(
            contest, conversations=counts, histories=lengths, at_once=together, say=say
        )

    _measure(common, measure)


@_measurement
def reply(
    common: Common,
    *,
    tokens: Annotated[int, typer.Option("--tokens", min=2, help="Of a reply.")] = 64,
    history: Annotated[int, typer.Option("--history", min=1, help="In tokens.")] = 1024,
    at_once: AtOnce = "1,4",
) -> None:
    """Count tokens a second of replies, against what the bandwidth of memory allows."""
    from inference.bench.reply import Writing, measure_replies

    writing = Writing(tokens, history, tuple(numbers(at_once, "--at-once")))
    _measure(common, lambda contest, say: measure_replies(contest, writing, say=say))


@_measurement
def memory(
    common: Common,
    *,
    conversations: Annotated[
        int, typer.Option("--conversations", min=1, help="How many are kept.")
    ] = 8,
    histories: Histories = "256,1024",
) -> None:
    """Measure the memory of kept conversations against what the model's shape says."""
    from inference.bench.memory import measure_memory

    lengths = numbers(histories, "--histories")

    def measure(contest: "Contest", say: "Say") -> "Result":
        return measure_memory(contest, conversations=conversations, histories=lengths, say=say)

    _measure(common, measure)


def numbers(text: str, option: str) -> list[int]:
    """Read whole numbers with commas between. Raises typer.BadParameter, naming the option."""
    try:
        read = [int(part) for part in text.split(",")]
    except ValueError:
        read = []
    if not read or min(read) < 1:
        raise typer.BadParameter("give whole numbers such as 256 or 256,1024", param_hint=option)
    return read


def _measure(common: Common, measure: Measure) -> None:
    if common.plot is not None:
        _check_plot(common.plot)
    from inference.bench.contest import Contest
    from inference.bench.result import as_json, as_table, draw_plot
    from inference.bench.subject import subject_of

    bench = _bench(common)
    with Contest(subject_of(bench), bench) as contest:
        result = measure(contest, _say)
    typer.echo(as_json(result) if common.as_json else as_table(result))
    if common.plot is not None:
        draw_plot(result, common.plot)


def _bench(common: Common) -> Any:
    from inference.bench.options import Bench

    return Bench(
        model=common.model,
        shape=common.shape,
        device=common.device,
        precision=common.precision,
        threads=common.threads,
        rounds=common.rounds,
        gguf=common.gguf,
        llama=tuple(common.llama.split(",")),
    )


def _check_plot(target: Path) -> None:
    """Find out before minutes of measuring what would be in a plot's way."""
    if target.suffix not in (".png", ".svg"):
        raise typer.BadParameter("name a .png or .svg file", param_hint="--plot")
    if not target.parent.is_dir():
        raise InferenceError(f"there is no folder {target.parent} to draw the plot in")
    from inference.bench.result import pyplot

    pyplot()


def _say(words: str) -> None:
    """Tell people at a terminal what takes so long."""
    if sys.stderr.isatty():
        typer.echo(f"measuring {words} ...", err=True)


@bench_app.command()
def soak(  # noqa: PLR0913 - one parameter a flag
    *,
    conversations: Annotated[int, typer.Option("--conversations", min=1)] = 200,
    per_second: Annotated[
        float, typer.Option("--per-second", min=0.001, help="Messages, over all conversations.")
    ] = 5.0,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long.")] = 600.0,
    replies: Annotated[
        float, typer.Option("--replies", min=0, max=1, help="Share of messages with a reply.")
    ] = 0.02,
    url: Annotated[
        str | None, typer.Option("--url", help="A worker that is there, such as .../v1.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Of a worker of its own.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Likewise.")] = None,
    max_cached_tokens: Annotated[
        int | None, typer.Option("--max-cached-tokens", min=256, help="Likewise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Load a worker with many conversations for minutes: latency, failures, memory."""
    import asyncio

    from inference.bench import soaked
    from inference.bench.soak import Load
    from inference.bench.soak_run import Server, own_worker, soak as run_soak

    load = Load(conversations, per_second, seconds, replies)
    given = {"model": model, "threads": threads, "max-cached-tokens": max_cached_tokens}
    options = [
        word
        for name, value in given.items()
        if value is not None
        for word in (f"--{name}", str(value))
    ]

    async def run() -> soaked.Report:
        if url is not None:
            return await run_soak(Server(url), load)
        async with own_worker(options) as server:
            _say(f"{seconds:g} s of load")
            return await run_soak(server, load)

    report = asyncio.run(run())
    typer.echo(soaked.as_json(report) if as_json else soaked.as_table(report))
