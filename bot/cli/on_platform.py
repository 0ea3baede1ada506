"""`earshot discord`: the bot on a chat platform, whose client is an extra to install."""

import asyncio
import importlib.util

import typer

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
    from bot.platforms.discord.run import run_discord

    asyncio.run(run_discord(settings, settings.discord_token.get_secret_value(), say=typer.echo))
