"""`earshot data`: handed over to the worker program, but for the history, which only the bot reads."""

import typer

from bot.cli.worker import PASSED_ON, become_inference

data = typer.Typer(help="Conversations to learn from.", no_args_is_help=True)


@data.command(context_settings=PASSED_ON, add_help_option=False)
def check(ctx: typer.Context) -> None:
    """Check conversations: every fault with its line, and a summary. `--help` lists the options."""
    become_inference(["data", "check", *ctx.args], needed=())


@data.command(context_settings=PASSED_ON, add_help_option=False)
def synthesize(ctx: typer.Context) -> None:
    """Let a model write conversations. `--help` lists the options."""
    become_inference(["data", "synthesize", *ctx.args], needed=())
