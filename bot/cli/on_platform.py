"""`earshot discord`: the bot on a chat platform, whose client is an extra to install."""

import asyncio
import importlib.util

from bot.config import Settings, variable
from bot.errors import ConfigError


def run_on_discord(settings: Settings) -> None:
    """Run until told to stop. Raises ConfigError where a person has to do something first."""
    if importlib.util.find_spec("discord") is None:
        raise ConfigError("discord.py is not installed: pip install 'earshot[discord]'")
    if settings.discord_token is None:
        raise ConfigError(
            f"{variable('discord_token')} is not set. docs/discord.md tells how to get a token: on "
            "https://discord.com/developers/applications, New Application, Bot, Reset Token."
        )
    from bot.cli.loading import LoadingBar
    from bot.cli.terminal import err
    from bot.platforms.discord.run import run_discord

    token = settings.discord_token.get_secret_value()
    with LoadingBar(err()) as bar:
        asyncio.run(run_discord(settings, token, say=bar.say, on_status=bar))
