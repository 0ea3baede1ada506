"""What every command does first: read the settings and set up logging."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.config import Settings


def begin(ctx: typer.Context) -> "Settings":
    """Read the settings and begin to log. `ctx.obj` is whether `--verbose` was given.

    Raises ConfigError.
    """
    # Imported late: pydantic alone takes longer than `earshot --help` should.
    from bot.cli.logs import configure_logging
    from bot.config import load_settings, secrets_of

    settings = load_settings()
    level = "debug" if ctx.obj else settings.log_level
    configure_logging(level, secrets=secrets_of(settings))
    return settings
