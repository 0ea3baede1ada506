"""`earshot health`: asks the bot that runs on this machine whether it hears its platforms."""

import time

from bot.cli.terminal import err, out
from bot.config import Settings, variable
from bot.errors import ConfigError
from bot.heartbeat import health


def tell_health(settings: Settings) -> bool:
    """Say what is wrong, or that all is well; True if it is. Raises ConfigError without a file."""
    if settings.health_file is None:
        raise ConfigError(
            f"{variable('health_file')} is not set: name a file there, the same for the bot and here."
        )
    found = health(settings.health_file, now=time.time())
    for trouble in found.troubles:
        err().print(f"{trouble}.", style="red")
    if not found.troubles:
        out().print(f"The bot hears {' and '.join(found.platforms)}.")
    return not found.troubles
