"""`earshot data`: handed over to the worker program, but for the history, which only the bot reads."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.begin import begin
from bot.cli.worker import PASSED_ON, become_inference
from inference.wire.data_rights import FLAG, STATEMENT

data = typer.Typer(help="Conversations to learn from.", no_args_is_help=True)
import_ = typer.Typer(
    help="Make conversations of an export; only on your word that you may use the data.",
    no_args_is_help=True,
)
data.add_typer(import_, name="import")


@data.command(context_settings=PASSED_ON, add_help_option=False)
def check(ctx: typer.Context) -> None:
    """Check conversations: every fault with its line, and a summary. `--help` lists the options."""
    become_inference(["data", "check", *ctx.args], needed=())


@data.command(context_settings=PASSED_ON, add_help_option=False)
def synthesize(ctx: typer.Context) -> None:
    """Let a model write conversations. `--help` lists the options."""
    settings = begin(ctx, quiet=True)
    from bot.environment import environment_with_key

    become_inference(
        ["data", "synthesize", *ctx.args], needed=(), environment=environment_with_key(settings)
    )


@import_.command(context_settings=PASSED_ON, add_help_option=False)
def slack(ctx: typer.Context) -> None:
    """Import a Slack workspace export. `--help` lists the options."""
    become_inference(["data", "import", "slack", *ctx.args], needed=())


@import_.command(context_settings=PASSED_ON, add_help_option=False)
def discord(ctx: typer.Context) -> None:
    """Import channels that DiscordChatExporter wrote as JSON. `--help` lists the options."""
    become_inference(["data", "import", "discord", *ctx.args], needed=())


@import_.command()
def history(  # noqa: PLR0913 - each is an option people type
    ctx: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="The file to write, one conversation a line.")],
    has_right: Annotated[bool, typer.Option(FLAG, help=STATEMENT)] = False,
    assistant: Annotated[
        str | None,
        typer.Option(help="Who is the assistant, by id or name; Earshot if not given."),
    ] = None,
    pseudonyms: Annotated[
        bool,
        typer.Option(
            "--pseudonyms",
            help="Give people other names, in texts too; e-mail addresses and phone numbers go.",
        ),
    ] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="Somebody whose messages are not used; may be repeated."),
    ] = None,
    gap_hours: Annotated[
        float, typer.Option(min=0.01, help="A silence that ends a conversation.")
    ] = 2.0,
    max_messages: Annotated[int, typer.Option(min=2, help="A longer conversation is cut.")] = 60,
    min_messages: Annotated[
        int, typer.Option(min=1, help="A shorter conversation is left out.")
    ] = 4,
) -> None:
    """Import Earshot's own history: the channels that allow it, without people who opted out."""
    settings = begin(ctx, quiet=True)
    from bot.cli.export import ExportOptions, export
    from inference.wire.logged_conversations import Cuts

    options = ExportOptions(
        out=out,
        assistant=assistant,
        left_out=tuple(leave_out or ()),
        with_pseudonyms=pseudonyms,
        has_right=has_right,
        cuts=Cuts(gap_hours, max_messages, min_messages),
    )
    export(settings, options)
