"""What goes wrong with the Web API on purpose, as Slack says it."""

import random
from typing import Any

from tests.faults import Fault, FaultList, Gate, Planned, Which

__all__ = ["Fault", "Faults", "Gate", "Planned"]


class Faults(FaultList):
    """`on` is a method with * for anything, such as "chat.*", or a function of the call.

    What is no method has a name too: "socket" is a WebSocket handshake, "POST /response/..." an
    answer to a response URL, "GET /files/..." a download.
    """

    def __init__(self) -> None:
        super().__init__()
        self._random: random.Random | None = None
        self._chance = 0.0
        self._kinds: list[Fault] = []

    def respond(  # noqa: PLR0913 - each is named in the call
        self,
        status: int,
        body: Any = None,
        *,
        on: Which = "*",
        times: int = 1,
        after: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Fault:
        """Answer with this in place of the truth; with `after` only once it took effect."""
        answer = Planned(status, "" if body is None else body, headers or {})
        return self.plan(Fault(on, times, after, answer))

    def error(
        self, error: str, *, on: Which = "*", times: int = 1, after: bool = False, **more: Any
    ) -> Fault:
        """Refuse as Slack does, with 200 and ok: false."""
        body = {"ok": False, "error": error, **more}
        return self.respond(200, body, on=on, times=times, after=after)

    def rate_limit(self, retry_after_s: int, *, on: Which = "*", times: int = 1) -> Fault:
        """Answer 429 as Slack does, in whole seconds."""
        body = {"ok": False, "error": "ratelimited"}
        headers = {"Retry-After": str(retry_after_s)}
        return self.respond(429, body, on=on, times=times, headers=headers)

    def unavailable(self, *, on: Which = "*", times: int = 1, after: bool = False) -> Fault:
        """Answer 503 as Slack does at bad times, with JSON in it."""
        body = {"ok": False, "error": "service_unavailable"}
        return self.respond(503, body, on=on, times=times, after=after)

    def at_random(self, chance: float, kinds: list[Fault], *, seed: int) -> None:
        """Let each call that one of these concerns meet one, with this chance."""
        self._random, self._chance, self._kinds = random.Random(seed), chance, kinds

    def clear(self) -> None:
        super().clear()
        self._kinds = []

    def meet(self, call: Any) -> Fault | None:
        planned = super().meet(call)
        if planned is not None or self._random is None:
            return planned
        fitting = [one for one in self._kinds if one.concerns(call)]
        if not fitting or self._random.random() >= self._chance:
            return None
        fault = self._random.choice(fitting)
        fault.num_met += 1
        return fault
