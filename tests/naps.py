"""Sleeps that take no time: some end at once, some when a test says so."""

import asyncio
from dataclasses import dataclass, field

from bot.platforms.again import AGAIN_EVERY_S


@dataclass
class Naps:
    """Sleeps for no time, and remembers how long it was to be."""

    waited: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)


@dataclass
class Pace:
    """Sleeps until a test says go."""

    asked: list[float] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._changed.set()
        await self._go.acquire()

    async def asked_for(self, times: int) -> None:
        """Wait until somebody sleeps for the so manieth time."""
        while len(self.asked) < times:
            self._changed.clear()
            await self._changed.wait()

    def go(self) -> None:
        """Let the one who sleeps wake up."""
        self._go.release()


@dataclass
class Rests:
    """The waits of a bot: short ones pass at once, that for the next round lasts until `over`.

    `asked` lists how long each was to last.
    """

    asked: list[float] = field(default_factory=list)
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        if seconds != AGAIN_EVERY_S:
            await asyncio.sleep(0.005)  # in which those get on for whom the bot waits
            return
        await self._is_over.wait()
        self._is_over.clear()

    def over(self) -> None:
        """Let the time be over after which the bot tries again."""
        self._is_over.set()
