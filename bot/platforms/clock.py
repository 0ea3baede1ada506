"""The time as a platform counts it: a wrong clock here must not make every message look too old.

Each answer of a platform's API carries its time in the `Date` header.
"""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

logger = logging.getLogger(__name__)

TOLERATED = timedelta(seconds=5)  # the header counts whole seconds, and the way takes time
NUM_REMEMBERED = 16


class PlatformClock:
    """A clock that is set right by the platform's own. `local` gives aware UTC times."""

    def __init__(self, local: Callable[[], datetime], platform_name: str) -> None:
        self._local = local
        self._platform_name = platform_name
        self._offsets: deque[timedelta] = deque(maxlen=NUM_REMEMBERED)
        self._ahead = timedelta()

    @property
    def ahead(self) -> timedelta:
        """How far the local clock is ahead of the platform's; nothing while the difference is small."""
        return self._ahead

    def now(self) -> datetime:
        """Give the time, as the platform counts it."""
        return self._local() - self._ahead

    def saw_date(self, header: str | None) -> None:
        """Take note of the `Date` header of an answer that came just now; an odd one is passed over."""
        try:
            date = parsedate_to_datetime(header or "")
        except ValueError:
            return
        if date.tzinfo is None:
            return
        self._offsets.append(self._local() - date)
        # The way of an answer only adds to it: the smallest offset is the nearest to the truth.
        offset = min(self._offsets, key=abs)
        self._set(offset if abs(offset) > TOLERATED else timedelta())

    def _set(self, ahead: timedelta) -> None:
        if abs(ahead - self._ahead) > TOLERATED:
            if ahead:
                logger.warning(
                    "this machine's clock is %.0f s %s of %s's: ages are counted by %s's; "
                    "set the clock",
                    abs(ahead.total_seconds()),
                    "ahead" if ahead > timedelta() else "behind",
                    self._platform_name,
                    self._platform_name,
                )
            self._ahead = ahead
