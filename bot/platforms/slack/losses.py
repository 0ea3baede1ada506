"""What tells that Slack did not deliver something, so that it has to be fetched.

https://docs.slack.dev/apis/events-api/#retries and #rate-limits there.
"""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

FLOODED = (
    "Slack: there are more than 30,000 events an hour, and Slack delivers no more of them for a "
    "minute: take the app out of channels where it is not needed"
)
FLOODED_S = 60.0
NUM_RETRIES = 2  # from then on it is long ago that something was said,
AGAIN_S = 300.0  # and for so long its like comes after an outage

Missed = Callable[[str | None, float], None]


class Losses:
    """Tells `missed` of workspaces in which something was lost, and for how many seconds more.

    `clock` gives seconds.
    """

    def __init__(self, missed: Missed, clock: Callable[[], float] = time.monotonic) -> None:
        self._missed = missed
        self._clock = clock
        self._told_at: dict[str, float] = {}

    def flooded(self, team_id: str) -> None:
        """Hear that Slack keeps the events of a workspace back for the rest of a minute."""
        logger.warning(FLOODED)
        self._missed(team_id, FLOODED_S)

    def retried(self, team_id: str, num_retry: int) -> None:
        """Hear that an event is delivered again: after the third time Slack gives one up.

        So others were given up before, if nobody could be reached for longer than that takes.
        """
        now = self._clock()
        told_at = self._told_at.get(team_id)
        if num_retry < NUM_RETRIES or (told_at is not None and now < told_at + AGAIN_S):
            return
        self._told_at[team_id] = now
        logger.info("Slack: events of %s come late: what did not come is fetched", team_id)
        self._missed(team_id, 0.0)
