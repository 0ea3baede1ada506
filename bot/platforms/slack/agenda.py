"""Which places are to be looked at for what was missed, and in what order."""

from collections.abc import Callable, Collection, Iterable

from bot.messages import ConversationKey
from bot.platforms.slack.keys import channel_key, is_direct

# The order in which places are looked at. A chat that nobody ever wrote in is as silent as a channel.
WAITED_FOR, DIRECT, KNOWN, SILENT, OLD_THREAD = range(5)


class Agenda:
    """The places that wait to be looked at, and the workspaces of which they are not known yet."""

    def __init__(self) -> None:
        self._ranks: dict[ConversationKey, int] = {}
        self._unswept: set[str] = set()

    @property
    def places(self) -> Collection[ConversationKey]:
        """The places that wait."""
        return self._ranks.keys()

    @property
    def workspaces(self) -> set[str]:
        """The workspaces in which something is left to be done."""
        return {where.workspace for where in self._ranks} | self._unswept

    def expect(self, team_ids: Iterable[str]) -> None:
        """Note workspaces whose places are yet to be listed."""
        self._unswept.update(team_ids)

    def is_unswept(self, team_id: str) -> bool:
        """Tell whether the places of a workspace are yet to be listed."""
        return team_id in self._unswept

    def swept(self, team_id: str) -> None:
        """Note that the places of a workspace were listed."""
        self._unswept.discard(team_id)

    def add(self, where: ConversationKey, rank: int) -> None:
        """Let a place wait; one that waits already moves up at most."""
        self._ranks[where] = min(rank, self._ranks.get(where, rank))

    def done(self, where: ConversationKey) -> int | None:
        """Take a place off; gives the rank at which it waited."""
        return self._ranks.pop(where, None)

    def has(self, team_id: str) -> bool:
        """Tell whether any place of a workspace waits."""
        return any(where.workspace == team_id for where in self._ranks)

    def next(
        self, team_id: str, is_free: Callable[[ConversationKey], bool]
    ) -> ConversationKey | None:
        """Give the place of a workspace to look at next, of those that are free; None without any."""
        free = [
            (rank, number, where)
            for number, (where, rank) in enumerate(self._ranks.items())
            if where.workspace == team_id and is_free(where)
        ]
        return min(free, key=lambda each: each[:2])[2] if free else None

    def forget(self, team_id: str) -> None:
        """Take a workspace and its places off."""
        self._unswept.discard(team_id)
        self._ranks = {w: rank for w, rank in self._ranks.items() if w.workspace != team_id}

    def leave(self, team_id: str) -> None:
        """Take the channels of a workspace off that were listed, for others have looked at them.

        Not those where people wait, and no thread: only who looked above it knows of that.
        """
        self._unswept.discard(team_id)
        self._ranks = {
            where: rank
            for where, rank in self._ranks.items()
            if where.workspace != team_id or where.thread is not None or rank == WAITED_FOR
        }


def ranked(
    team_id: str,
    channel_ids: Iterable[str],
    *,
    waiting: Collection[ConversationKey],
    known: Collection[ConversationKey],
    after: str,
) -> list[tuple[ConversationKey, int]]:
    """Give the channels of a workspace with their ranks, in the order to look at them.

    Of the silent ones, those come first that were looked at the longest ago: they are looked at in
    the order of their ids, around and around, the last time up to `after`.
    """
    ordered = sorted(channel_ids, key=lambda each: (each <= after, each))
    places = [channel_key(team_id, each) for each in ordered]
    return [(where, _rank(where, waiting, known)) for where in places]


def _rank(
    where: ConversationKey, waiting: Collection[ConversationKey], known: Collection[ConversationKey]
) -> int:
    if where in waiting:
        return WAITED_FOR
    if where not in known:
        return SILENT
    return DIRECT if is_direct(where.channel) else KNOWN
