"""When a burst of messages has settled and can be decided on.

Pure: all times are seconds of one monotonic clock, passed in.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settling:
    """How long a burst waits: `quiet_s` after its last message, `max_s` after its first."""

    quiet_s: float = 1.5
    max_s: float = 6.0


def due_at(first_at: float, last_at: float, *, addressed: bool, settling: Settling) -> float:
    """Give the time at which the burst is decided on: at once if any message is addressed."""
    if addressed:
        return first_at
    return min(last_at + settling.quiet_s, first_at + settling.max_s)
