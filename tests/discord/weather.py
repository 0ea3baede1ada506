"""The whole bot in bad weather: its waits pass when a test lets them, and its clock may be wrong."""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.platforms.discord import run
from bot.platforms.discord.address import use_addresses
from bot.platforms.discord.client import EarshotClient
from bot.platforms.discord.run import AGAIN_EVERY_S, DiscordBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.discord.living import GUILD_READY_TIMEOUT_S, Chat


@dataclass
class Naps:
    """The waits of the bot: short ones pass at once, that for the next try lasts until `over`.

    `asked` lists how long each was to last.
    """

    asked: list[float] = field(default_factory=list)
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        if seconds != AGAIN_EVERY_S:
            await asyncio.sleep(0)
            return
        await self._is_over.wait()
        self._is_over.clear()

    def over(self) -> None:
        """Let the half minute be over after which the bot tries again."""
        self._is_over.set()


class HastyClient(EarshotClient):
    """Waits for nothing that only Discord's own limits make it wait for."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._connection.guild_ready_timeout = GUILD_READY_TIMEOUT_S

    async def before_identify_hook(self, shard_id, *, initial=False):
        """Identify at once: the loopback server sets no limit."""


@dataclass
class Weather(Chat):
    """A chat whose bot can be started by halves, more than once at a time, and be looked at."""

    naps: Naps = field(default_factory=Naps)
    local_clock: object = None

    @asynccontextmanager
    async def running(self, *, connects=True):
        """Run the bot as one process would; without `connects` nobody waits for it."""
        settings = self.settings
        use_addresses(settings)
        before, run.EarshotClient = run.EarshotClient, HastyClient
        self.store = await Store.open(
            settings.database_url, platform_modes={"discord": settings.new_channel_mode}
        )
        self.told.clear()
        try:
            async with self._serving(settings):
                if connects:
                    await self.connected()
                yield self
        finally:
            await self.store.close()
            run.EarshotClient = before

    @asynccontextmanager
    async def _serving(self, settings):
        served = ServedModel(self.model, None, patience_s=5.0)
        clocks = {"local_clock": self.local_clock} if self.local_clock else {}
        self.bot = DiscordBot(
            settings, self.store, served, self._tell, sleep=self.naps.sleep, **clocks
        )
        self.serving = asyncio.create_task(self.bot.serve(self.server.token))
        try:
            yield
        finally:
            if not self.serving.done():  # else the test has seen how it ended
                self.serving.cancel()
                with suppress(asyncio.CancelledError):
                    await self.serving

    def beside(self, **changes):
        """Give another process at the same history, with other settings."""
        return replace(
            self, changes={**self.changes, **changes}, told=[], naps=Naps(), store=None, bot=None
        )

    async def entries(self, channel=None):
        """List all that the history holds of a channel."""
        where = self.place(channel or self.server.general)
        return await self.store.messages.recent(where, limit=1000)

    async def texts(self, channel=None):
        """List what the history holds of a channel, tombstones left out."""
        return [text for _, text in await self.history(channel or self.server.general)]

    async def decisions(self, channel=None):
        """List what was decided in a channel as (action, rule), oldest first."""
        where = self.place(channel or self.server.general)
        kept = await self.store.decisions.last(where, 1000)
        return [(str(each.decision.action), str(each.decision.rule)) for each in kept[::-1]]


def hours_off(hours: float):
    """Give a clock that is wrong by so many hours."""
    return lambda: datetime.now(UTC) + timedelta(hours=hours)


def logged(caplog, level=logging.WARNING):
    """List the lines of our own log, from this level on."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.levelno >= level and each.name.startswith("bot.")
    ]


async def seen(true, *, within_s=10.0):
    """Wait until something is true that nobody tells of."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
