"""What goes wrong with HTTP on purpose: errors, lost answers, resets, answers that wait."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tests.discord_server.calls import Call

Which = str | Callable[[Call], bool]
ANY = "* *"


@dataclass(frozen=True)
class Planned:
    """An answer in place of the true one. `body` is sent as JSON, or as HTML if it is text."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate:
    """Holds requests back: `reached` is set by the first, `open` lets all go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    async def passed(self) -> None:
        """Wait until somebody opens."""
        self.reached.set()
        await self._opened.wait()


@dataclass(eq=False)
class Fault:
    """`after` means after the request took effect: only its answer is lost.

    It holds at its gate, if it has one, and then gives its answer; with neither an answer nor a
    gate it resets the connection, with a gate alone the true answer follows.
    """

    which: Which
    left: int
    after: bool = False
    answer: Planned | None = None
    gate: Gate | None = None
    num_met: int = 0

    def concerns(self, call: Call) -> bool:
        if callable(self.which):
            return self.which(call)
        return fnmatchcase(f"{call.method} {call.path}", self.which)

    @property
    def resets(self) -> bool:
        return self.answer is None and self.gate is None


class Faults:
    """Faults in the order they were planned; each request meets at most one.

    `on` is "METHOD /path" with * for anything, such as "POST */messages", or a function of the call.
    """

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def respond(
        self, status: int, body: Any = None, *, on: Which = ANY, times: int = 1, after: bool = False
    ) -> Fault:
        """Answer with an error of Discord's servers; with `after` only once it took effect."""
        answer = Planned(status, {"message": "", "code": 0} if body is None else body)
        return self._plan(Fault(on, times, after, answer))

    def rate_limit(
        self, retry_after_s: float, *, on: Which = ANY, times: int = 1, for_all: bool = False
    ) -> Fault:
        """Answer 429 as Discord does; `for_all` limits every route."""
        body = {
            "message": "You are being rate limited.",
            "retry_after": retry_after_s,
            "global": for_all,
        }
        headers = {
            "Via": "1.1 google",
            "Retry-After": str(max(1, round(retry_after_s))),
            "X-RateLimit-Scope": "global" if for_all else "user",
            **({"X-RateLimit-Global": "true"} if for_all else {}),
        }
        return self._plan(Fault(on, times, answer=Planned(429, body, headers)))

    def ban(self, *, on: Which = ANY, times: int = 1) -> Fault:
        """Answer 429 as the guard before Discord does: no Via, no JSON."""
        answer = Planned(429, "<html>error code: 1015</html>", {"Retry-After": "600"})
        return self._plan(Fault(on, times, answer=answer))

    def reset(self, *, on: Which = ANY, times: int = 1, after: bool = False) -> Fault:
        """Break the connection instead of answering."""
        return self._plan(Fault(on, times, after))

    def hold(self, *, on: Which = ANY, times: int = 1, after: bool = False) -> Gate:
        """Let requests wait until the gate is opened, then go on."""
        gate = Gate()
        self._plan(Fault(on, times, after, gate=gate))
        return gate

    def clear(self) -> None:
        """Let nothing go wrong any more; who waits at a gate goes on."""
        for fault in self._planned:
            if fault.gate is not None:
                fault.gate.open()
        self._planned.clear()

    def meet(self, call: Call) -> Fault | None:
        """Give the fault this request meets and count it."""
        fault = next((one for one in self._planned if one.left and one.concerns(call)), None)
        if fault is not None:
            fault.left -= 1
            fault.num_met += 1
        return fault

    def _plan(self, fault: Fault) -> Fault:
        self._planned.append(fault)
        return fault
