"""What tells that Slack did not deliver something, so that it has to be fetched, and since when.

https://docs.slack.dev/apis/events-api/#retries and #rate-limits there. Slack tries an event four
times within six minutes: at once, after a minute, after five. What it gives up it tells nobody. But
who was away for so long gets late tries of what was said last; and in a place where something newer
was heard before those, the end of the history does not tell what is missing. The last event before
the outage does that came at its first try.

What is refused, because no token of its workspace works, Slack takes for delivered. It is fetched
once one does.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from bot.platforms.slack.keys import EPOCH, ts_at

logger = logging.getLogger(__name__)

FLOODED = (
    "Slack: there are more than 30,000 events an hour, and Slack delivers no more of them for a "
    "minute: take the app out of channels where it is not needed"
)
FLOODED_S = 60.0
NUM_RETRIES = 2  # from then on it is long ago that something was said,
AGAIN_S = 300.0  # and for so long its like comes after an outage
GIVEN_UP_S = 420.0  # and a minute more than all tries take: an outage need not concern every event
QUIET_S = 300.0  # without any request: it may have been an outage in which nothing was said last
SENT_OFF_S = 60.0  # the time of an event is when Slack sent it off: what it tells of is older

# Of a workspace, or of all; for how many seconds more; since a time of Slack's, if that is known.
Missed = Callable[[str | None, float, str | None], None]


class Losses:
    """Tells `missed` where something was lost. `clock` gives seconds that never go back.

    `began_at` is when this process began to listen, in seconds since 1970: what is lost before that
    is known without it.
    """

    def __init__(
        self,
        missed: Missed,
        clock: Callable[[], float] = time.monotonic,
        *,
        began_at: float | None = None,
    ) -> None:
        self._missed = missed
        self._clock = clock
        self._told: dict[str, tuple[float, float]] = {}  # when, and since when
        self._on_time = deque([time.time() if began_at is None else began_at])
        self._reached_at = clock()
        self._refused_since: dict[str, float] = {}

    def flooded(self, team_id: str, since: float | None) -> None:
        """Hear that Slack keeps the events of a workspace back, for the rest of a minute."""
        logger.warning(FLOODED)
        self._missed(team_id, FLOODED_S, None if since is None else _ts(since))

    def reached(self) -> None:
        """Hear that Slack has sent something, before that is dealt with.

        After a long silence nobody knows whether Slack had nothing to tell, or could not: so each
        place is looked at once before anything is heard there.
        """
        now = self._clock()
        if now - self._reached_at > QUIET_S:
            self._missed(None, 0.0, None)
        self._reached_at = now

    def arrived(self, said_at: float) -> None:
        """Hear that an event was written down at its first try; `said_at` is Slack's time of it."""
        self._on_time[0] = min(self._on_time[0], said_at)  # this machine's clock may be ahead
        if said_at >= self._on_time[-1] + 1.0:
            self._on_time.append(said_at)
        while len(self._on_time) > 1 and self._on_time[1] < said_at - GIVEN_UP_S:
            self._on_time.popleft()

    def retried(self, team_id: str, num_retry: int, said_at: float) -> None:
        """Hear that an event is delivered again: after the third time Slack gives one up.

        So others were given up before, if nobody could be reached for longer than that takes.
        """
        if num_retry < NUM_RETRIES:
            return
        since = max((at for at in self._on_time if at < said_at), default=said_at) - GIVEN_UP_S
        now = self._clock()
        told_at, told_since = self._told.get(team_id, (now - AGAIN_S, since))
        if now < told_at + AGAIN_S and since >= told_since:
            return
        self._told[team_id] = now, since
        logger.info("Slack: events of %s come late: what did not come is fetched", team_id)
        self._missed(team_id, 0.0, _ts(since))

    def refused(self, team_id: str, said_at: float) -> None:
        """Hear that an event was refused, while no token of its workspace works."""
        self._refused_since[team_id] = min(said_at, self._refused_since.get(team_id, said_at))

    def served(self, team_id: str) -> None:
        """Hear that a token of a workspace works; to be told before anything newer is heard there."""
        since = self._refused_since.pop(team_id, None)
        if since is not None:
            logger.info("Slack: %s is served again: what was refused is fetched", team_id)
            self._missed(team_id, 0.0, _ts(since - SENT_OFF_S))

    def forget(self, team_id: str) -> None:
        """Hear that a workspace removed the app: what was said there is not for it."""
        self._refused_since.pop(team_id, None)


def _ts(seconds: float) -> str:
    return ts_at(EPOCH + timedelta(seconds=max(seconds, 0.0)))
