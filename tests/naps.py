"""Sleeps that take no time: some end at once, some when a test says so."""

import asyncio
from dataclasses import dataclass, field


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
