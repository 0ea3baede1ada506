"""Serves every platform that has tokens: in one process, over one history and one model."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

from bot.config import Settings, variable
from bot.errors import ConfigError
from bot.runtime import OnStatus, ServedModel, opened_model, opened_store
from bot.stopping import until_told_to_stop
from bot.store import Store

logger = logging.getLogger(__name__)

Say = Callable[[str], None]
Serving = Coroutine[object, object, None]


def platforms_with_tokens(settings: Settings) -> list[str]:
    """Name the platforms that somebody gave tokens for, whether or not they are complete."""
    found = {
        "discord": settings.discord_token,
        "slack": settings.slack_bot_token or settings.slack_app_token or settings.slack_client_id,
    }
    return [name for name, token in found.items() if token is not None]


async def run_all(settings: Settings, *, say: Say, on_status: OnStatus | None = None) -> None:
    """Serve until the process is told to stop; `say` tells a person at the terminal.

    Raises ConfigError for what a person has to mend on any of the platforms, and StoreError.
    """
    names = platforms_with_tokens(settings)
    if not names:
        raise ConfigError(
            f"No platform has a token. Set {variable('discord_token')} (docs/discord.md), or "
            f"{variable('slack_bot_token')} (docs/slack.md), or open the room: `earshot room`."
        )
    _check(settings, names)
    async with (
        opened_store(settings) as store,
        opened_model(settings, on_status=on_status) as served,
    ):
        serving = {name: _served(name, settings, store, served, say) for name in names}
        await until_told_to_stop(together(serving))


async def together(serving: Mapping[str, Serving]) -> None:
    """Serve all until cancelled, or until one fails for good: that stops the others in order.

    Raises what the first of them raised.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for name, serve in serving.items():
                tasks.create_task(serve, name=name)
    except* Exception as errors:  # noqa: BLE001 - one that failed is enough of a reason
        first, *others = _each(errors)
        for other in others:
            logger.error("%s", other)  # noqa: TRY400 - its text is for people
        raise first from None


def _check(settings: Settings, names: list[str]) -> None:
    """Raise ConfigError before a model is loaded for nothing."""
    if "slack" in names:
        from bot.platforms.slack.credentials import credentials

        credentials(settings)


def _served(name: str, settings: Settings, store: Store, served: ServedModel, say: Say) -> Serving:
    if name == "discord":
        return _discord(settings, store, served, say)
    return _slack(settings, store, served, say)


async def _discord(settings: Settings, store: Store, served: ServedModel, say: Say) -> None:
    from bot.platforms.discord.address import use_addresses
    from bot.platforms.discord.run import DiscordBot

    use_addresses(settings)
    token = settings.discord_token
    bot = DiscordBot(settings, store, served, say)
    await bot.serve(token.get_secret_value() if token else "")


async def _slack(settings: Settings, store: Store, served: ServedModel, say: Say) -> None:
    from bot.platforms.slack.run import SlackBot

    await SlackBot(settings, store, served, say).serve()


def _each(errors: BaseExceptionGroup[Exception]) -> list[Exception]:
    """List what was raised, however deep it is grouped."""
    found: list[Exception] = []
    for error in errors.exceptions:
        found += _each(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
