"""What goes wrong during the soak: a fault every few seconds, drawn from a seeded generator."""

import asyncio
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.discord.soak_bot import BotProcess
from tests.discord_server import DiscordServer
from tests.discord_server.odd import poison

ROUTES = [
    "POST */messages",
    "POST */messages",
    "PATCH */messages/*",
    "DELETE */messages/*",
    "GET */messages*",
    "POST */typing",
    "POST */callback",
    "* *",
]
FAULTS = {
    "connection reset": 3,
    "op 7": 2,
    "op 9, resumable": 2,
    "op 9, not resumable": 2,
    "session lost": 2,
    "connection refused": 1,
    "closed with 4000": 1,
    "event twice": 3,
    "replayed twice": 1,
    "poison": 0.5,
    "429 with Via": 2,
    "429 for all": 1,
    "429 without Via": 1,
    "500, 502, 503": 3,
    "500 after the effect": 2,
    "reset before the effect": 2,
    "reset after the effect": 3,
    "answer delayed": 2,
    "store locked": 1,
    "kill -9": 4,
    "SIGTERM": 3,
}
ENDS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM}
MAX_POISON = 4  # each makes the wait before the next client longer
LOCKED_S = 1.0
BRIEFLY_S = 0.2


@dataclass
class Troubles:
    """Makes faults; the process is ended only before `ends_until_s`, so that one life is long."""

    server: DiscordServer
    bot: BotProcess
    database: Path
    rng: random.Random
    ends_until_s: float
    counts: Counter[str] = field(default_factory=Counter)

    async def go_on(self, *, until_s: float, every_s: float) -> None:
        while True:
            await asyncio.sleep(self.rng.uniform(0.5, 1.5) * every_s)
            if time.monotonic() >= until_s:
                return
            name = self.rng.choices(list(FAULTS), list(FAULTS.values()))[0]
            if self._fits(name):
                self.counts[name] += 1
                await self.make(name)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.server.faults.clear()
        self.server.gateway.num_replayed_twice = 0

    def _fits(self, name: str) -> bool:
        if name in ENDS:
            return time.monotonic() < self.ends_until_s
        return name != "poison" or self.counts[name] < MAX_POISON

    async def make(self, name: str) -> None:
        if name in ENDS:
            await self.bot.restart(ENDS[name], after_s=self.rng.uniform(0.0, 2.0))
        elif name == "store locked":
            await self._lock_store()
        elif not await self._on_gateway(name):
            await self._on_http(name)

    async def _on_gateway(self, name: str) -> bool:  # noqa: C901 - one line for each fault
        gateway = self.server.gateway
        match name:
            case "connection reset":
                gateway.drop_connections()
            case "op 7":
                gateway.ask_to_reconnect()
            case "op 9, resumable":
                gateway.invalidate_sessions(resumable=True)
            case "op 9, not resumable":
                gateway.invalidate_sessions(resumable=False)
            case "session lost":
                gateway.forget_sessions()
                gateway.drop_connections()
            case "connection refused":
                gateway.refuse_next(1)
                gateway.drop_connections()
            case "closed with 4000":
                await gateway.close_connections(4000)
            case "event twice":
                gateway.again(self.rng.choice(["MESSAGE_CREATE", "MESSAGE_UPDATE"]))
            case "replayed twice":
                gateway.num_replayed_twice = 3
                gateway.drop_connections()
            case "poison":
                poison(self.server, self.server.general, self.server.founder)
            case _:
                return False
        return True

    async def _on_http(self, name: str) -> None:
        faults, on = self.server.faults, self.rng.choice(ROUTES)
        match name:
            case "429 with Via":
                faults.rate_limit(self.rng.uniform(0.2, 2.0), on=on)
            case "429 for all":
                faults.rate_limit(1.0, on=on, for_all=True)
            case "429 without Via":
                faults.ban(on=on)
            case "500, 502, 503":
                faults.respond(self.rng.choice([500, 502, 503]), on=on, times=2)
            case "500 after the effect":
                faults.respond(500, on=on, after=True)
            case "reset before the effect":
                faults.reset(on=on)
            case "reset after the effect":
                faults.reset(on=on, after=True)
            case "answer delayed":
                gate = faults.hold(on=on, after=self.rng.random() < 0.5)
                await asyncio.sleep(self.rng.uniform(0.5, 2.0))
                gate.open()

    async def _lock_store(self) -> None:
        other = sqlite3.connect(self.database, timeout=BRIEFLY_S, isolation_level=None)
        with closing(other):
            try:
                other.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                self.counts["store locked"] -= 1  # the bot itself was writing
                return
            await asyncio.sleep(LOCKED_S)
            other.execute("ROLLBACK")
