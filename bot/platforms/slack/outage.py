"""How a connection over Socket Mode ends, and what is told of the time without one: a line, not many."""

import logging

from bot.platforms.slack.refusals import cause

logger = logging.getLogger(__name__)

TRY_FAILED = "Failed to connect (error"  # and the same again when it has waited
OF_CONNECTIONS = (
    "Failed to check the current session",
    "Failed to close the old session",
    "Failed to connect",
    "Failed to receive or enqueue a message",
    "Failed to run message listeners",
)
DROPPED = "the connection was dropped"  # as long as no try to connect has failed


class Ended(Exception):  # noqa: N818 - what became of a connection, not a fault of ours
    """A connection is over, and its client cannot make the next."""


class SwitchedOff(Ended):
    """Socket Mode was switched off for the app."""


class Crowded(Ended):
    """Slack allows no more connections of this app."""


class Failed(Ended):
    """A try to connect failed: slack_sdk would wait for long, and perhaps try its address again."""


class Outage:
    """Tells of an outage once, again if its cause is known only then, and once of its end.

    `cause` is what slack_sdk last failed with, `num_failed` counts its tries to connect that failed,
    `told` is what was said while the outage lasts.
    """

    def __init__(self) -> None:
        self.cause = DROPPED
        self.num_failed = 0
        self.told: str | None = None

    def lost(self, cause: str | None = None) -> None:
        """Tell that there is no connection, unless something was told of it that says why."""
        if self.told in (None, _lost(DROPPED)):
            self.tell(_lost(cause or self.cause))

    def raise_if_failed(self, *, since: int) -> None:
        """Raise Failed, and tell that there is no connection, if more tries failed than `since`."""
        if self.num_failed > since:
            self.lost()
            raise Failed("a try to connect failed")

    def tell(self, line: str) -> None:
        """Tell of a change."""
        if line != self.told:
            self.told = line
            logger.warning("%s", line)

    def over(self) -> None:
        """Tell that there is a connection again."""
        if self.told is not None:
            logger.info("Slack: connected again")
        self.told = None
        self.cause = DROPPED


def _lost(cause: str) -> str:
    return f"Slack: no connection: {cause}; trying again"


class Quiet(logging.Filter):
    """Keeps back the tracebacks that slack_sdk logs each time it tries to connect."""

    def __init__(self, outage: Outage) -> None:
        super().__init__()
        self._outage = outage

    def filter(self, record: logging.LogRecord) -> bool:
        """Take note of the cause, and keep the line back; what is of another kind may stand."""
        if not str(record.msg).startswith(OF_CONNECTIONS):
            return True
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._outage.cause = cause(error)
        if str(record.msg).startswith(TRY_FAILED):
            self._outage.num_failed += 1
        return False
