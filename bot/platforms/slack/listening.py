"""Since when each place is listened to, and which places are known to lack nothing since then."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.messages import ConversationKey
from bot.platforms.slack.keys import ts_at

CLOCK_MARGIN = timedelta(seconds=10)  # of two processes' clocks

_Level = tuple[str, str]


def turn_of(where: ConversationKey) -> tuple[str, str]:
    """Name the turn of a place: a channel and its threads have one together."""
    return where.workspace, where.channel


class Listening:
    """When gaps ended: of all places, of a workspace's, of a channel's. `clock` gives aware UTC times."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._began: dict[_Level, datetime] = {}
        self._num_gaps: dict[_Level, int] = {}
        self._missed_from: dict[_Level, str] = {}
        self._swept_at: dict[str, datetime] = {}
        self._closed: set[ConversationKey] = set()

    @property
    def num_gaps(self) -> int:
        """How many gaps there were."""
        return sum(self._num_gaps.values())

    def gap_began(self, team_id: str | None, since: str | None = None) -> None:
        """Note that something may be missing in each place of a workspace, or of all, up to now.

        `since` is a time of Slack's from which on it may be, also before what was heard last.
        """
        self._note((team_id or "", ""))
        if since is not None:
            self.misses(team_id, since)
        self._closed = {each for each in self._closed if team_id not in (None, each.workspace)}

    def misses(self, team_id: str | None, since: str) -> None:
        """Note since when something may be missing in a workspace, or in all."""
        level = (team_id or "", "")
        self._missed_from[level] = min(since, self._missed_from.get(level, since))

    def reopen(self, where: ConversationKey, missed_from: str) -> None:
        """Note that something is missing in a channel and its threads, since a time of Slack's."""
        turn = turn_of(where)
        self._note(turn)
        self._missed_from[turn] = min(missed_from, self._missed_from.get(turn, missed_from))
        self._closed = {each for each in self._closed if turn_of(each) != turn}

    def since(self, where: ConversationKey) -> datetime:
        """Give since when a place is listened to."""
        return max(self._began[each] for each in _levels(where) if each in self._began)

    def era(self, where: ConversationKey) -> tuple[int, ...]:
        """Name the time between two gaps: what is asked in one tells nothing of the next."""
        return tuple(self._num_gaps.get(each, 0) for each in _levels(where))

    def may_miss(self, where: ConversationKey) -> bool:
        """Tell whether anything can be missing; a thread that began while we listened lacks nothing."""
        if where in self._closed or self.is_swept(where):
            return False
        return where.thread is None or where.thread <= ts_at(self.since(where))

    def missed_from(self, where: ConversationKey) -> str | None:
        """Give since when something is missing in a place that was listened to, if it is so."""
        times = (self._missed_from.get(each) for each in _levels(where))
        return min((each for each in times if each is not None), default=None)

    def close(self, where: ConversationKey) -> None:
        """Note that nothing is missing in a place."""
        self._closed.add(where)
        if where.thread is None:
            self._missed_from.pop(turn_of(where), None)

    def caught_up(self, team_id: str) -> None:
        """Note that all places of a workspace were looked at."""
        self._missed_from.pop((team_id, ""), None)

    def is_closed(self, where: ConversationKey) -> bool:
        """Tell whether it was seen that nothing is missing in a place."""
        return where in self._closed

    def sweep_was(self, team_id: str, at: datetime) -> None:
        """Note when another process began to look for what was missed in all of a workspace."""
        self._swept_at[team_id] = at

    def is_swept(self, where: ConversationKey) -> bool:
        """Tell whether another process has looked for what was missed, since it was."""
        if self.missed_from(where) is not None:  # it may not have looked back so far
            return False
        at = self._swept_at.get(where.workspace)
        return at is not None and at - CLOCK_MARGIN >= self.since(where)

    def _note(self, level: _Level) -> None:
        self._began[level] = self._clock()
        self._num_gaps[level] = self._num_gaps.get(level, 0) + 1


def _levels(where: ConversationKey) -> tuple[_Level, ...]:
    return ("", ""), (where.workspace, ""), turn_of(where)
