"""What goes wrong on every platform: a fault every few seconds, drawn from a seeded generator."""

import asyncio
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import make_url

from tests.soaking.bot_process import BotProcess

ENDS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM}
LOCKED = "store locked"
LOCKED_S = 1.0
BRIEFLY_S = 0.2


class Weather(Protocol):
    """What goes wrong on a platform. `odds` are the faults and how often each is drawn."""

    odds: Mapping[str, float]

    async def make(self, name: str) -> None:
        """Let this go wrong."""
        ...

    def fits(self, name: str, times: int, *, is_late: bool) -> bool:
        """Tell whether a fault may be made again; `is_late` while one life is to be long."""
        ...

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        ...


@dataclass
class Troubles:
    """Makes faults; a process is ended only before `ends_until_s`, so that one life is long."""

    weather: Weather
    bots: Sequence[BotProcess]
    database_url: str
    rng: random.Random
    ends_until_s: float
    counts: Counter[str] = field(default_factory=Counter)

    async def go_on(self, *, until_s: float, every_s: float) -> None:
        """Make faults until then."""
        odds = self.weather.odds
        while True:
            left_s = until_s - time.monotonic()
            await asyncio.sleep(min(self.rng.uniform(0.5, 1.5) * every_s, left_s))
            if time.monotonic() >= until_s:
                return
            name = self.rng.choices(list(odds), list(odds.values()))[0]
            if self._fits(name):
                self.counts[name] += 1
                await self.make(name)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.weather.clear()

    async def make(self, name: str) -> None:
        """Let one thing go wrong."""
        if name in ENDS:
            bot = self.rng.choice(self.bots)
            await bot.restart(ENDS[name], after_s=self.rng.uniform(0.0, 2.0))
        elif name == LOCKED:
            await self._lock_store()
        else:
            await self.weather.make(name)

    def _fits(self, name: str) -> bool:
        is_late = time.monotonic() >= self.ends_until_s
        if name in ENDS:
            return not is_late
        return self.weather.fits(name, self.counts[name], is_late=is_late)

    async def _lock_store(self) -> None:
        url = make_url(self.database_url)
        if url.get_backend_name() != "sqlite":
            await _lock_postgresql(self.database_url)
            return
        other = sqlite3.connect(url.database or "", timeout=BRIEFLY_S, isolation_level=None)
        with closing(other):
            try:
                other.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                self.counts[LOCKED] -= 1  # the bot itself was writing
                return
            await asyncio.sleep(LOCKED_S)
            other.execute("ROLLBACK")


async def _lock_postgresql(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(LOCKED_S)
    finally:
        await connection.close()
