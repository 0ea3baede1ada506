"""The commands of `earshot` and their options.

Each command imports what it needs when it runs, so that `earshot --help` answers at once.
"""

import asyncio
import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.begin import begin
from bot.cli.bench_commands import bench
from bot.cli.data import data
from bot.cli.slack_commands import slack
from bot.cli.worker import PASSED_ON, become_inference

app = typer.Typer(
    name="earshot",
    help="A group-chat assistant that knows when to stay silent.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could show a secret.
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The history database.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(bench, name="bench")
app.add_typer(data, name="data")
app.add_typer(slack, name="slack")

Host = Annotated[
    str | None,
    typer.Option(help="The address to listen on; else EARSHOT_ROOM_HOST.", show_default=False),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"earshot {importlib.metadata.version('earshot')}")
        raise typer.Exit


@app.callback()
def earshot(
    ctx: typer.Context,
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A group-chat assistant that knows when to stay silent."""
    ctx.obj = verbose


@app.command()
def room(
    ctx: typer.Context,
    *,
    host: Host = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="The port, 0 for any free one; else EARSHOT_ROOM_PORT.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open the room: a group chat in the browser, with you as everyone and Earshot listening."""
    settings = begin(ctx)
    from bot.cli.loading import LoadingBar
    from bot.cli.terminal import err
    from bot.listening import check_port
    from bot.runtime import run_room

    host = settings.room_host if host is None else host
    port = settings.room_port if port is None else port
    check_port(host, port)

    with LoadingBar(err()) as bar:

        def say_where(url: str) -> None:
            bar.say(f"The room is open: {url}  (Ctrl-C closes it)")

        asyncio.run(run_room(settings, host=host, port=port, on_open=say_where, on_status=bar))


@app.command()
def chat(ctx: typer.Context) -> None:
    """Chat in the terminal: write `Name: text`, or `help`."""
    settings = begin(ctx, quiet=True)
    from bot.runtime import run_chat

    asyncio.run(run_chat(settings))


@app.command()
def discord(ctx: typer.Context) -> None:
    """Run the bot on Discord; the link that invites it is printed at the start."""
    settings = begin(ctx)
    from bot.cli.on_platform import run_on_discord

    run_on_discord(settings)


@app.command()
def run(ctx: typer.Context) -> None:
    """Run the bot on every platform that has tokens, over one history and one model."""
    settings = begin(ctx)
    from bot.cli.on_platform import run_everywhere

    run_everywhere(settings)


@app.command()
def health(ctx: typer.Context) -> None:
    """Ask whether the bot that runs here hears its platforms; status 1 if not (EARSHOT_HEALTH_FILE)."""
    settings = begin(ctx, quiet=True)
    from bot.cli.health import tell_health

    if not tell_health(settings):
        raise typer.Exit(1)


@app.command()
def worker(  # noqa: PLR0913 - each is an option people type
    ctx: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    model: Annotated[
        str | None, typer.Option(help="A folder or a model id; else EARSHOT_MODEL.")
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            help="A LoRA adapter, FOLDER or NAME=FOLDER; several are served by their names; "
            "else EARSHOT_ADAPTER."
        ),
    ] = None,
    dynamic_adapters: Annotated[
        bool, typer.Option("--dynamic-adapters", help="Let clients add and remove adapters.")
    ] = False,
    precision: Annotated[
        str | None,
        typer.Option(help="fp32, bf16, fp16, int8 or nf4; else EARSHOT_PRECISION, or what fits."),
    ] = None,
    conversations: Annotated[
        int | None,
        typer.Option(min=1, help="How many to keep at hand; else EARSHOT_CONVERSATIONS."),
    ] = None,
    max_cached_tokens: Annotated[
        int | None, typer.Option(min=256, help="What they may have together; else what fits.")
    ] = None,
    max_waiting: Annotated[
        int | None, typer.Option(min=1, help="Requests that may wait, then 429; 256.")
    ] = None,
) -> None:
    """Serve a model to Earshot, over OpenAI-compatible HTTP."""
    settings = begin(ctx)
    from bot.worker_child import options

    adapters = adapter or ([settings.adapter] if settings.adapter else [])
    given = options(
        host=host,
        port=port,
        model=model or settings.model or None,
        threads=settings.worker_threads,
        precision=precision or settings.precision,
        conversations=conversations or settings.conversations,
        max_cached_tokens=max_cached_tokens,
        max_waiting=max_waiting,
    )
    for one in adapters:
        given += ["--adapter", one]
    if dynamic_adapters:
        given.append("--dynamic-adapters")
    become_inference(["serve", *given])


@app.command()
def replay(  # noqa: PLR0913 - each is an option people type
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Conversations, one JSON object a line.")],
    *,
    own_history: Annotated[
        bool,
        typer.Option("--own-history", help="Go on from the model's own replies, not the file's."),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N conversations.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a message.")] = False,
    replies: Annotated[
        bool, typer.Option(help="Write the replies too, not only the decisions.")
    ] = True,
) -> None:
    """Replay conversations: who said what, P(speak), the decision, the reply."""
    settings = begin(ctx, quiet=True)
    from bot.cli.replay import Options, replay as replay_file

    options = Options(own_history=own_history, as_json=as_json, with_replies=replies)
    replay_file(settings, file, limit=limit, options=options)


@app.command(context_settings=PASSED_ON, add_help_option=False)
def train(ctx: typer.Context) -> None:
    """Train an adapter that knows when to speak."""
    become_inference(["train", *ctx.args])


@app.command(context_settings=PASSED_ON, add_help_option=False)
def evaluate(ctx: typer.Context) -> None:
    """Judge when a model speaks, on conversations of your own. `--help` lists the options."""
    settings = begin(ctx, quiet=True)
    from bot.cli.evaluate import with_settings
    from bot.environment import environment_with_key

    become_inference(
        ["evaluate", *with_settings(ctx.args, settings)], environment=environment_with_key(settings)
    )


@app.command(context_settings=PASSED_ON, add_help_option=False)
def publish(ctx: typer.Context) -> None:
    """Publish an adapter: to the model hub, or merged as a folder or a GGUF file."""
    become_inference(["publish", *ctx.args])


@app.command()
def doctor(
    *,
    install_default_model: Annotated[
        bool, typer.Option("--install-default-model", help="Install the default model and end.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(help="Tell how this model would fit the memory, without loading it, and end."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="With --model: fp32, bf16, fp16, int8 or nf4; else EARSHOT_PRECISION."),
    ] = None,
    conversations: Annotated[
        int | None,
        typer.Option(min=1, help="With --model: how many to keep; else EARSHOT_CONVERSATIONS."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --model: print JSON.")] = False,
) -> None:
    """Check settings, database, model, memory, disk and port; each line says what to do."""
    from bot.cli.doctor import examine, install_model

    if install_default_model:
        install_model()
    elif model is not None:
        from bot.cli.fit import tell_fit
        from bot.environment import load_settings

        tell_fit(
            load_settings(),
            model,
            precision=precision,
            conversations=conversations,
            as_json=as_json,
        )
    elif precision or conversations or as_json:
        raise typer.BadParameter("they tell of a model: add --model", param_hint="the options")
    elif not examine():
        raise typer.Exit(1)


@db.command()
def upgrade(ctx: typer.Context) -> None:
    """Bring the history database to the form this version needs."""
    settings = begin(ctx)
    from bot.cli.terminal import out
    from bot.store import upgrade as upgrade_store

    asyncio.run(upgrade_store(settings.database_url))
    out().print("The history database is up to date.")
