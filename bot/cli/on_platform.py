"""`earshot discord`, `earshot slack`, `earshot run`: the bot on chat platforms.

Each platform's client is an extra to install; what is missing is said in a sentence.
"""

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine

from bot.config import Settings, variable
from bot.errors import ConfigError
from bot.runtime import OnStatus
from inference.wire.extras import install

EXTRAS = {"discord": ("discord",), "slack": ("slack_bolt", "aiohttp", "cryptography")}
READY = "The model is ready: Earshot answers."
CLIENTS = {"discord": "discord.py", "slack": "slack_bolt"}


def is_installed(platform: str) -> bool:
    """Tell whether a platform's client is there."""
    return all(importlib.util.find_spec(package) for package in EXTRAS[platform])


def run_on_discord(settings: Settings) -> None:
    """Run until told to stop. Raises ConfigError where a person has to do something first."""
    require("discord")
    if settings.discord_token is None:
        raise ConfigError(
            f"{variable('discord_token')} is not set. docs/discord.md tells how to get a token: on "
            "https://discord.com/developers/applications, New Application, Bot, Reset Token."
        )
    _run_on("discord", settings)


def run_on_slack(settings: Settings) -> None:
    """Run until told to stop. Raises ConfigError where a person has to do something first."""
    require("slack")
    from bot.platforms.slack.credentials import credentials

    credentials(settings)  # before a model is loaded for nothing
    _run_on("slack", settings)


def run_everywhere(settings: Settings) -> None:
    """Run on every platform that has tokens. Raises ConfigError if none of them can be served.

    Also where something is missing for one: a client, or a setting.
    """
    from bot.platforms.together import platforms_with_tokens, run_all

    for platform in platforms_with_tokens(settings):
        require(platform)
    _run(lambda say, on_status: run_all(settings, say=say, on_status=on_status))


def require(platform: str) -> None:
    """Raise ConfigError unless a platform's client is installed."""
    if not is_installed(platform):
        raise ConfigError(f"{CLIENTS[platform]} is not installed: {install(platform)}")


def _run_on(platform: str, settings: Settings) -> None:
    from bot.platforms.together import run_on

    _run(lambda say, on_status: run_on([platform], settings, say=say, on_status=on_status))


def _run(
    serve: Callable[[Callable[[str], None], OnStatus], Coroutine[object, object, None]],
) -> None:
    """Run, with a bar for how far the model is."""
    from bot.cli.loading import LoadingBar
    from bot.cli.terminal import err

    with LoadingBar(err(), ready=READY) as bar:
        asyncio.run(serve(bar.say, bar))
