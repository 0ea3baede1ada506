"""What goes wrong with HTTP on purpose, as Discord's servers and the guard before them say it."""

from typing import Any

from tests.faults import Fault, FaultList, Gate, Planned, Which

__all__ = ["Fault", "Faults", "Gate", "Planned"]


class Faults(FaultList):
    """`on` is "METHOD /path" with * for anything, such as "POST */messages", or a function."""

    def respond(
        self, status: int, body: Any = None, *, on: Which = "*", times: int = 1, after: bool = False
    ) -> Fault:
        """Answer with an error of Discord's servers; with `after` only once it took effect."""
        answer = Planned(status, {"message": "", "code": 0} if body is None else body)
        return self.plan(Fault(on, times, after, answer))

    def rate_limit(
        self, retry_after_s: float, *, on: Which = "*", times: int = 1, for_all: bool = False
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
        return self.plan(Fault(on, times, answer=Planned(429, body, headers)))

    def ban(self, *, on: Which = "*", times: int = 1) -> Fault:
        """Answer 429 as the guard before Discord does: no Via, no JSON."""
        answer = Planned(429, "<html>error code: 1015</html>", {"Retry-After": "600"})
        return self.plan(Fault(on, times, answer=answer))
