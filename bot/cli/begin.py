"""What every command does first: read the settings and set up logging."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.config import Settings


def begin(ctx: typer.Context, *, quiet: bool = False) -> "Settings":
    """Read the settings and begin to log. `ctx.obj` is whether `--verbose` was given.

    `quiet` is for a command that draws on the terminal: it logs from warnings on, unless
    EARSHOT_LOG_LEVEL says otherwise. Raises ConfigError.
    """
    # Imported late: pydantic alone takes longer than `earshot --help` should.
    from bot.environment import load_settings
    from bot.logs import configure_logging
    from bot.secrets_shown import secrets_of

    settings = load_settings()
    said = "log_level" in settings.model_fields_set
    level = "warning" if quiet and not said else settings.log_level
    configure_logging("debug" if ctx.obj else level, secrets=secrets_of(settings))
    return settings
