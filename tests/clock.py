"""The time of a loopback server, and clocks that are wrong; knows no platform."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

WITHIN_S = 60  # a slow machine reads an answer seconds after it was dated


class Clock:
    """Runs with the real time and can be put forward, or back with a negative number.

    Deadlines go by `elapsed_s`, which only `advance` moves: a slow machine misses none.
    """

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        """Give the time it is here."""
        return datetime.now(UTC) + timedelta(seconds=self.elapsed_s)

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.elapsed_s += seconds


def hours_off(hours: float) -> Callable[[], datetime]:
    """Give a clock that is wrong by so many hours."""
    return lambda: datetime.now(UTC) + timedelta(hours=hours)


def tells_hours_off(lines, hours: float, platform: str) -> bool:
    """Tell whether lines of a log say once that the clock is so many hours off a platform's."""
    side, seconds = "ahead" if hours > 0 else "behind", abs(round(hours * 3600))
    told = [each for each in lines if each.startswith("this machine's clock is ")]
    return len(told) == 1 and any(
        f"this machine's clock is {off} s {side} of {platform}'s" in told[0]
        for off in range(seconds - WITHIN_S, seconds + WITHIN_S + 1)
    )
