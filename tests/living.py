"""The whole bot in this process, on a platform's loopback server: what scenes of a chat are made of.

What is a platform's own, `tests/slack/living.py` and `tests/discord/living.py` say.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bot.config import Settings
from bot.messages import ChannelSettings, ConversationKey, Mode
from bot.platforms.slack.keys import is_direct_chat
from bot.runtime import ServedModel
from bot.store import Store
from tests.fakes import FakeModel
from tests.naps import Rests
from tests.waiting import WITHIN_S, seen

GREETING = "Hello, I'm"
PATIENCE_S = 5.0


@dataclass
class Living(ABC):
    """A platform, a model and the bot, which can be stopped and started again.

    With `naps` the bot's waits pass when a test lets them; `local_clock` is its clock, if it is
    wrong. Where a method takes `at`, that names a place as the platform's `place` does.
    """

    platform: ClassVar[str]
    server: Any
    database_url: str
    model: FakeModel = field(default_factory=FakeModel)
    told: list[str] = field(default_factory=list)
    changes: dict[str, object] = field(default_factory=dict)  # of the settings
    naps: Rests | None = None
    local_clock: object = None
    store: Store | None = None
    bot: Any = None
    serving: asyncio.Task[None] | None = None

    # What a platform says.

    @abstractmethod
    def given(self) -> dict[str, object]:
        """Give the settings by which the bot finds the platform."""

    @abstractmethod
    def new_bot(self, settings: Settings, served: ServedModel, **surroundings):
        """Make the bot, with waits and a clock of ours if such are given."""

    @abstractmethod
    async def serve(self) -> None:
        """Serve with `bot` until cancelled."""

    @abstractmethod
    def is_connected(self) -> bool:
        """Tell whether the bot has told that it is there."""

    @abstractmethod
    def place(self) -> ConversationKey:
        """Name a conversation as the history does."""

    # A life of the bot.

    @property
    def settings(self) -> Settings:
        given = {
            "database_url": self.database_url,
            "new_channel_mode": Mode.ACTIVE,
            "burst_quiet_s": 0.0,
            "burst_max_s": 0.0,
        }
        return Settings(_env_file=None, **{**given, **self.given(), **self.changes})

    @asynccontextmanager
    async def running(self, *, connects=True):
        """Run the bot as one process would, from its start to its stop.

        Without `connects` nobody waits for it.
        """
        settings = self.settings
        self.store = await Store.open(
            settings.database_url,
            platform_modes={self.platform: settings.new_channel_mode},
            is_direct=is_direct_chat,
        )
        served = ServedModel(self.model, None, patience_s=PATIENCE_S)
        self.told.clear()
        try:
            self.bot = self.new_bot(settings, served, **self._surroundings())
            self.serving = asyncio.create_task(self.serve())
            self.serving.add_done_callback(lambda _: self.server.changed())
            try:
                if connects:
                    await self.connected()
                yield self
            finally:
                await self._stopped()
        finally:
            await self.store.close()

    async def connected(self):
        """Wait until the bot has its connection; if it ends before, that is raised."""
        await seen(lambda: self.serving.done() or self.is_connected())
        if self.serving.done():
            self.serving.result()

    def beside(self, **changes):
        """Give another process at the same history, with other settings."""
        own = {"told": [], "naps": self.naps and Rests(), "store": None, "bot": None}
        return replace(self, changes={**self.changes, **changes}, **own)

    def say(self, line: str) -> None:
        """Take what the bot tells whoever started it."""
        self.told.append(line)
        self.server.changed()

    def _surroundings(self):
        given = {"sleep": self.naps and self.naps.sleep, "local_clock": self.local_clock}
        return {name: value for name, value in given.items() if value is not None}

    async def _stopped(self):
        if not self.serving.done():  # else the test has seen how it ended
            self.serving.cancel()
            with suppress(asyncio.CancelledError):
                await self.serving

    # What it knows.

    async def set(self, *at, **changes) -> ChannelSettings:
        """Change a channel's settings, as its managers do by commands."""
        return await self.store.channels.change(self.place(*at), **changes)

    async def entries(self, *at, **how):
        """List all that the history holds of a place."""
        return await self.store.messages.recent(self.place(*at, **how), limit=1000)

    async def history(self, *at, **how):
        """List what the history holds of a place: (name, text), tombstones left out."""
        entries = await self.entries(*at, **how)
        return [(entry.author.name, entry.text) for entry in entries if not entry.deleted]

    async def texts(self, *at, **how):
        """List what the history holds of a place, tombstones left out."""
        return [text for _, text in await self.history(*at, **how)]

    async def decisions(self, *at, **how):
        """List what was decided in a place as (action, rule), oldest first."""
        kept = await self.store.decisions.last(self.place(*at, **how), 1000)
        return [(str(each.decision.action), str(each.decision.rule)) for each in kept[::-1]]

    async def until(self, found):
        """Wait until an awaited look into the store finds something, and give that."""
        async with asyncio.timeout(WITHIN_S):
            while not (seen := await found()):  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.01)
        return seen

    def shown(self):
        """Give the last prompt, turn by turn, without the system turn."""
        return [turn["content"] for turn in self.model.asked[-1] if turn["role"] != "system"]
