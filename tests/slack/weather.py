"""The whole bot in bad weather: its waits pass when a test lets them, and its clock may be wrong."""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.platforms.slack.run import SlackBot
from bot.runtime import ServedModel
from bot.store import Store
from tests.slack.connected import QUICK
from tests.slack.living import PATIENCE_S, Chat
from tests.waiting import Happenings

AGAIN_EVERY_S = 30.0  # the bot tries again what had to wait

QUESTION = "what is the capital of France?"


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
            await asyncio.sleep(0.005)
            return
        await self._is_over.wait()
        self._is_over.clear()

    def over(self) -> None:
        """Let the half minute be over after which the bot tries again."""
        self._is_over.set()


@dataclass
class Weather(Chat):
    """A chat whose bot comes by either transport, by halves, more than once at a time.

    Over HTTP, where Slack tells of no connection, it counts as connected once it takes requests.
    """

    naps: Naps = field(default_factory=Naps)
    local_clock: object = None
    happenings: Happenings = field(default_factory=Happenings)

    @property
    def over_http(self) -> bool:
        return "slack_signing_secret" in self.changes

    @asynccontextmanager
    async def running(self, *, connects=True):
        """Run the bot as one process would; without `connects` nobody waits for it."""
        settings = self.settings
        self.store = await Store.open(
            settings.database_url, platform_modes={"slack": settings.new_channel_mode}
        )
        self.told.clear()
        try:
            async with self._serving(settings):
                if connects:
                    await self.connected()
                yield self
        finally:
            await self.store.close()

    @asynccontextmanager
    async def _serving(self, settings):
        served = ServedModel(self.model, None, patience_s=PATIENCE_S)
        clocks = {"local_clock": self.local_clock} if self.local_clock else {}
        self.bot = SlackBot(
            settings, self.store, served, self._say, sleep=self.naps.sleep, **clocks
        )
        self.bot.connection.pace = QUICK
        self.serving = asyncio.create_task(self.bot.serve())
        try:
            yield
        finally:
            if not self.serving.done():  # else the test has seen how it ended
                self.serving.cancel()
                with suppress(asyncio.CancelledError):
                    await self.serving

    def _say(self, line: str) -> None:
        self.told.append(line)
        self.happenings.changed()

    async def connected(self):
        if not self.over_http:
            await super().connected()
            return
        begins = "Slack's requests are taken at "
        assert await self.happenings.until(
            lambda: self.serving.done() or any(line.startswith(begins) for line in self.told),
            within_s=10,
        )
        if self.serving.done():
            self.serving.result()
        line = next(line for line in self.told if line.startswith(begins))
        self.slack.http.use(f"{line.removeprefix(begins).rstrip('.')}/slack/events")

    def beside(self, **changes):
        """Give another process at the same history, with other settings."""
        return replace(
            self, changes={**self.changes, **changes}, told=[], naps=Naps(), store=None, bot=None
        )

    async def greeted(self, channel="general"):
        """Wait until the bot has looked for what it missed, and said in the channel who it is."""
        await self.slack.until(lambda: self.slack.posts(channel))

    async def until_answered(self, num=1, *, where="general"):
        """Wait until so many replies are posted, and nothing is left to do; give their texts."""
        await self.slack.until(lambda: len(self.posts(where)) >= num)
        await self.settled()
        return self.posts(where)

    async def texts(self, channel="general", *, thread=None):
        """List what the history holds of a place, tombstones left out."""
        return [text for _, text in await self.history(channel, thread=thread)]

    async def decisions(self, channel="general", *, thread=None):
        """List what was decided in a place as (action, rule), oldest first."""
        kept = await self.store.decisions.last(self.place(channel, thread=thread), 1000)
        return [(str(each.decision.action), str(each.decision.rule)) for each in kept[::-1]]

    async def pending(self):
        """List what waits in the outbox."""
        return await self.store.outbox.pending("slack")


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
