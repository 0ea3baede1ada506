"""Serves platforms, one or all that have tokens: in one process, over one history and one model."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from bot.config import Settings, variable
from bot.errors import ConfigError
from bot.heartbeat import Hears, beating
from bot.runtime import OnStatus, ServedModel, opened_model, opened_store
from bot.stopping import until_told_to_stop
from bot.store import Store

logger = logging.getLogger(__name__)

Say = Callable[[str], None]
Serving = Coroutine[object, object, None]


UNSERVED = (
    "%s Until then nothing is heard on %s, which is tried again every hour; %s goes on. What is changed "
    "in the settings holds from a new start on"
)
AGAIN_S = 3600.0  # a try costs Discord's gateway a session at most, of 1,000 a day


@dataclass(slots=True)
class Bot:
    """What serves one platform. `begin` makes it for each try, and tells whether it is connected."""

    begin: Callable[[], tuple[Serving, Hears]]
    is_tried: bool = True
    _is_connected: Hears = lambda: False

    def hears(self) -> bool:
        """Tell whether anything can be heard now."""
        return self.is_tried and self._is_connected()

    async def serve(self) -> None:
        """Serve until cancelled. Raises what `begin` and that raise."""
        self.is_tried = True
        try:
            serving, self._is_connected = self.begin()
            await serving
        finally:
            self.is_tried = False


def platforms_with_tokens(settings: Settings) -> list[str]:
    """Name the platforms that somebody gave tokens for, whether or not they are complete."""
    found = {
        "discord": settings.discord_token,
        "slack": settings.slack_bot_token or settings.slack_app_token or settings.slack_client_id,
    }
    return [name for name, token in found.items() if token is not None]


async def run_all(settings: Settings, *, say: Say, on_status: OnStatus | None = None) -> None:
    """Serve every platform that has tokens, as `run_on` does. Raises ConfigError if none has."""
    names = platforms_with_tokens(settings)
    if not names:
        raise ConfigError(
            f"No platform has a token. Set {variable('discord_token')} (docs/discord.md), or "
            f"{variable('slack_bot_token')} (docs/slack.md), or open the room: `earshot room`."
        )
    _check(settings, names)
    await run_on(names, settings, say=say, on_status=on_status)


async def run_on(
    names: Sequence[str], settings: Settings, *, say: Say, on_status: OnStatus | None = None
) -> None:
    """Serve platforms until the process is told to stop; `say` tells a person at the terminal.

    Raises ConfigError where a person has to mend something on each of them, and StoreError.
    """
    async with (
        opened_store(settings) as store,
        opened_model(settings, on_status=on_status) as served,
    ):
        bots = {name: _bot(name, settings, store, served, say) for name in names}
        async with beating(
            settings.health_file, {name.capitalize(): bot.hears for name, bot in bots.items()}
        ):
            await until_told_to_stop(together(bots))


async def together(
    bots: Mapping[str, Bot], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Serve all until cancelled. One that a person has to mend is told, and tried again every hour.

    Raises what the last of them raised, once none is left. What no person can mend by settings stops
    the others in order, and is raised.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for name in bots:
                tasks.create_task(_served(name, bots, sleep), name=name)
    except* Exception as errors:  # noqa: BLE001 - one that failed is enough of a reason
        first, *others = _each(errors)
        for other in others:
            logger.error("%s", other)  # noqa: TRY400 - its text is for people
        raise first from None


async def _served(
    name: str, bots: Mapping[str, Bot], sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Serve one, again and again: that also deletes in time what a workspace left behind."""
    while True:
        try:
            await bots[name].serve()
        except ConfigError as error:
            left = [other.capitalize() for other, bot in bots.items() if bot.is_tried]
            if not left:
                raise
            logger.error(UNSERVED, error, name.capitalize(), " and ".join(left))  # noqa: TRY400
        await sleep(AGAIN_S)


def _check(settings: Settings, names: list[str]) -> None:
    """Raise ConfigError before a model is loaded for nothing."""
    if "slack" in names:
        from bot.platforms.slack.credentials import credentials

        credentials(settings)


def _bot(name: str, settings: Settings, store: Store, served: ServedModel, say: Say) -> Bot:
    begin = _discord if name == "discord" else _slack
    return Bot(lambda: begin(settings, store, served, say))


def _discord(
    settings: Settings, store: Store, served: ServedModel, say: Say
) -> tuple[Serving, Hears]:
    from bot.platforms.discord.address import use_addresses
    from bot.platforms.discord.run import DiscordBot

    use_addresses(settings)
    token = settings.discord_token
    bot = DiscordBot(settings, store, served, say)
    return bot.serve(token.get_secret_value() if token else ""), bot.hears


def _slack(
    settings: Settings, store: Store, served: ServedModel, say: Say
) -> tuple[Serving, Hears]:
    from bot.platforms.slack.run import SlackBot

    bot = SlackBot(settings, store, served, say)
    return bot.serve(), bot.connection.hears


def _each(errors: BaseExceptionGroup[Exception]) -> list[Exception]:
    """List what was raised, however deep it is grouped."""
    found: list[Exception] = []
    for error in errors.exceptions:
        found += _each(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
