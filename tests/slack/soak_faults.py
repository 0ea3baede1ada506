"""What goes wrong with Slack during the soak, beside what can go wrong everywhere."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.slack_server import SlackServer

ROUTES = [
    "chat.postMessage",
    "chat.postMessage",
    "chat.update",
    "chat.delete",
    "chat.*Stream",
    "chat.*Stream",
    "conversations.*",
    "conversations.*",
    "users.*",
    "assistant.*",
    "views.*",
    "POST /response/*",
    "apps.connections.open",
    "*",
]
EVERYWHERE = {
    "events twice": 3,
    "events backwards": 2,
    "delivered again": 2,
    "429": 3,
    "429 for long": 1,
    "ratelimited": 2,
    "500": 2,
    "503": 2,
    "500 after the effect": 2,
    "503 after the effect": 2,
    "reset before the effect": 2,
    "reset after the effect": 3,
    "answer delayed": 2,
    "store locked": 1,
    "kill -9": 4,
    "SIGTERM": 3,
}
ON_SOCKETS = {
    "connection dropped": 3,
    "disconnect: warning": 1,
    "disconnect: refresh_requested": 2,
    "disconnect: too_many_websockets": 1,
    "disconnect: link_disabled": 0.3,
    "handshake 503": 2,
    "handshake 403": 2,
    "no connection for a while": 1,
    "events lost": 1,
    "no pongs": 0.5,
}
RARE = {"disconnect: link_disabled": 1, "no pongs": 2}  # each keeps the bot away for a minute
GOODBYE = "disconnect: "
NO_PONGS_S = 45.0  # slack_sdk gives a connection up after four pings, ten seconds apart


@dataclass
class SlackWeather:
    """Makes the faults that only Slack has."""

    slack: SlackServer
    rng: random.Random
    is_on_sockets: bool = True
    odds: Mapping[str, float] = field(init=False)
    _late: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.odds = EVERYWHERE | (ON_SOCKETS if self.is_on_sockets else {})

    def clear(self) -> None:
        for task in self._late:
            task.cancel()
        self.slack.faults.clear()
        self.slack.events.twice = False
        self.slack.events.release()
        self.slack.events.catch_up()
        self.slack.sockets.answers_pings = True

    def fits(self, name: str, times: int, *, is_late: bool) -> bool:
        if name in RARE:
            return times < RARE[name] and not is_late
        return True

    async def make(self, name: str) -> None:
        if not (await self._on_events(name) or await self._on_sockets(name)):
            await self._on_calls(name)

    async def _on_events(self, name: str) -> bool:
        events = self.slack.events
        match name:
            case "events twice":
                events.twice = True
                self._later(3.0, lambda: setattr(events, "twice", False))
            case "events backwards":
                events.hold()
                await asyncio.sleep(self.rng.uniform(0.2, 1.0))
                events.release(backwards=True)
            case "delivered again":
                self.slack.sockets.redeliver()
            case _:
                return False
        return True

    async def _on_sockets(self, name: str) -> bool:
        sockets, faults = self.slack.sockets, self.slack.faults
        match name:
            case "connection dropped":
                sockets.drop()
            case _ if name.startswith(GOODBYE):
                if sockets.connections:
                    sockets.disconnect(name.removeprefix(GOODBYE))
            case "handshake 503" | "handshake 403":
                faults.respond(int(name[-3:]), on="socket", times=self.rng.randint(1, 2))
                sockets.drop()
            case "no connection for a while":
                faults.respond(503, on="apps.connections.open", times=3)
                sockets.drop()
            case "events lost":
                faults.respond(503, on="socket", times=1)
                sockets.drop()
                await asyncio.sleep(self.rng.uniform(0.2, 1.5))
                sockets.forget()
            case "no pongs":
                sockets.answers_pings = False
                self._later(NO_PONGS_S, lambda: setattr(sockets, "answers_pings", True))
            case _:
                return False
        return True

    async def _on_calls(self, name: str) -> None:
        faults, on = self.slack.faults, self.rng.choice(ROUTES)
        match name:
            case "429":
                faults.rate_limit(self.rng.randint(1, 2), on=on)
            case "429 for long":
                faults.rate_limit(8, on=on)
            case "ratelimited":
                faults.error("ratelimited", on=on)
            case "500" | "503":
                faults.respond(int(name), on=on, times=2)
            case "500 after the effect" | "503 after the effect":
                faults.respond(int(name[:3]), on=on, after=True)
            case "reset before the effect":
                faults.reset(on=on)
            case "reset after the effect":
                faults.reset(on=on, after=True)
            case "answer delayed":
                gate = faults.hold(on=on, after=self.rng.random() < 0.5)
                self._later(self.rng.uniform(0.5, 4.0), gate.open)

    def _later(self, after_s: float, do) -> None:
        async def wait() -> None:
            await asyncio.sleep(after_s)
            do()

        task = asyncio.create_task(wait())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
