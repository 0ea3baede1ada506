"""The worker's command line: `python -m inference serve`, `train` and the like."""

import logging
import os
import socket
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from inference.bench.commands import bench_app
from inference.errors import InferenceError
from inference.fit_command import Asked, Conversations, fit
from inference.tune.commands.data import data_app
from inference.tune.commands.evaluate import evaluate
from inference.tune.commands.publish import publish
from inference.tune.commands.train import train

HANDED_OVER = ("data", "train", "evaluate", "publish", "bench")
"""The commands that people know as those of `earshot`."""


class PlainErrors(TyperGroup):
    """Tells our own errors as one sentence and leaves with 1; all others keep their trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InferenceError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=PlainErrors,
    add_completion=False,
    no_args_is_help=True,
    # A traceback with local variables could show a secret.
    pretty_exceptions_enable=False,
)
app.add_typer(bench_app, name="bench")
app.add_typer(data_app, name="data")
app.command()(train)
app.command()(evaluate)
app.command()(publish)
app.command()(fit)

Model = Annotated[
    str | None, typer.Option("--model", help="Hub id or folder; the default model if not given.")
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads; all cores.")]


@app.callback()
def worker(ctx: typer.Context) -> None:
    """Earshot's model worker."""
    # A server's log tells what it does; the other commands show it.
    start_quietly(logging.INFO if ctx.invoked_subcommand == "serve" else logging.WARNING)


def start_quietly(level: int) -> None:
    """Set up logging, and keep the model libraries from talking to anyone but us."""
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s"
    )
    # It says on import that a kernel from the hub is missing; what it has on board is in use.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    # Threads that wait by spinning make a decision 10 to 30 times slower as soon as anything else
    # runs on the machine; those that never spin make it a quarter slower where nothing does. So they
    # spin some microseconds. Must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Each of its dozen retries would be a warning; what came of them is one error of ours.
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@app.command()
def serve(  # noqa: PLR0913 - one parameter a flag
    fd: Annotated[int | None, typer.Option("--fd", help="An inherited listening socket.")] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8001,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    model: Model = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            "--adapter",
            help="A LoRA adapter, FOLDER or NAME=FOLDER; several are served by their names.",
        ),
    ] = None,
    dynamic_adapters: Annotated[
        bool, typer.Option("--dynamic-adapters", help="Let clients add and remove adapters.")
    ] = False,
    threads: Threads = None,
    precision: Asked = None,
    conversations: Conversations = 8,
    max_cached_tokens: Annotated[
        int | None,
        typer.Option("--max-cached-tokens", min=256, help="Prefix cache; what fits if not given."),
    ] = None,
    max_parked_tokens: Annotated[
        int | None,
        typer.Option("--max-parked-tokens", min=0, help="Kept in the host's memory beside a GPU."),
    ] = None,
    max_waiting: Annotated[
        int, typer.Option("--max-waiting", min=1, help="Requests that may wait; then 429.")
    ] = 256,
    max_prompt_tokens: Annotated[
        int | None, typer.Option("--max-prompt-tokens", min=64, help="Context, in tokens.")
    ] = None,
    timeout_s: Annotated[float, typer.Option("--timeout-s", min=1, help="A request's.")] = 120.0,
    die_with_parent: Annotated[
        bool, typer.Option("--die-with-parent", help="Exit when stdin ends.")
    ] = False,
) -> None:
    """Serve a model over HTTP until told to stop."""
    _stay_offline(model)
    from inference.server.serve import listen, serve as run
    from inference.server.start import AdapterChoice, ServeOptions

    options = ServeOptions(
        model_id=model,
        adapters=tuple(AdapterChoice.parse(one) for one in adapter or ()),
        dynamic_adapters=dynamic_adapters,
        threads=threads,
        precision=precision,
        conversations=conversations,
        max_cached_tokens=max_cached_tokens,
        max_parked_tokens=max_parked_tokens,
        max_waiting=max_waiting,
        max_prompt_tokens=max_prompt_tokens,
        timeout_s=timeout_s,
    )
    listener = socket.socket(fileno=fd) if fd is not None else listen(host, port)
    run(options, listener, die_with_parent=die_with_parent)


@app.command()
def convert() -> None:
    """Convert the default model now, so that the first start is a quick one."""
    _stay_offline(None)
    from rich.console import Console
    from rich.progress import Progress

    from inference.convert import default_model_folder

    with Progress(console=Console(stderr=True)) as bars:
        bar = bars.add_task("converting the default model", total=1.0)
        folder = default_model_folder(lambda share: bars.update(bar, completed=share))
        bars.update(bar, completed=1.0)
    typer.echo(folder)


def _stay_offline(model: str | None) -> None:
    """Keep the model libraries from asking the hub about a model that is on this machine."""
    if model in (None, "", "default"):
        os.environ["HF_HUB_OFFLINE"] = "1"


if __name__ == "__main__":
    handed = sys.argv[1:2] and sys.argv[1] in HANDED_OVER
    app(prog_name="earshot" if handed else None)
