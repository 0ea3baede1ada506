"""What goes wrong during the soak: a fault every few seconds, drawn from a seeded generator."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

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
ODDS = {
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
MAX_POISON = 4  # each makes the wait before the next client longer


@dataclass
class DiscordWeather:
    """Makes the faults that only Discord has."""

    server: DiscordServer
    rng: random.Random
    odds: Mapping[str, float] = field(default_factory=lambda: ODDS)

    def clear(self) -> None:
        self.server.faults.clear()
        self.server.gateway.num_replayed_twice = 0

    def fits(self, name: str, times: int, *, is_late: bool) -> bool:
        return name != "poison" or times < MAX_POISON

    async def make(self, name: str) -> None:
        if not await self._on_gateway(name):
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
