"""How often each route may be asked: headers on every answer, 429 for who asks too often."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tests.discord_server.world import Json

# Far more than any test asks, so that no client slows down by itself.
MANY, PER_S = 500, 1.0
MAJOR = ("channel", "guild", "token")  # a limit counts for each of these apart


@dataclass(frozen=True)
class Taken:
    """What a request took of its limit; `retry_after_s` is None if it was let through."""

    headers: dict[str, str]
    retry_after_s: float | None = None

    @property
    def body(self) -> Json:
        return {
            "message": "You are being rate limited.",
            "retry_after": self.retry_after_s,
            "global": False,
        }


class Limits:
    """Nothing is limited until a test says so."""

    def __init__(self) -> None:
        self._limits: dict[str, tuple[int, float]] = {}
        self._asked: dict[tuple[str, ...], list[float]] = defaultdict(list)
        self.num_refused = 0

    def limit(self, route: str, num: int, *, per_s: float) -> None:
        """Allow a route, such as "POST /channels/{channel}/messages", so often in so many seconds."""
        self._limits[route] = (num, per_s)

    def take(self, route: str, ids: Mapping[str, str], now_s: float) -> Taken:
        """Count a request."""
        num, per_s = self._limits.get(route, (MANY, PER_S))
        key = (route, *(ids[one] for one in MAJOR if one in ids))
        window = [at_s for at_s in self._asked[key] if now_s - at_s < per_s]
        over = len(window) >= num
        if not over:
            window.append(now_s)
        self._asked[key] = window
        self.num_refused += over
        reset_s = window[0] + per_s - now_s
        headers = _headers(route, num, num - len(window), reset_s)
        return Taken(headers, round(reset_s, 3) if over else None)


def _headers(route: str, num: int, left: int, reset_after_s: float) -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": hashlib.md5(route.encode()).hexdigest(),  # noqa: S324 - a name
        "X-RateLimit-Limit": str(num),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": "0",
        "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
        "Via": "1.1 google",
    }
