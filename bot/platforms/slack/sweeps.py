"""What is noted of sweeps, for other processes at the same history and for the next start.

Several processes each have a gap before they start. One that looks for what was missed in all of a
workspace does so for all whose gaps had ended by then.
"""

from collections.abc import Callable
from datetime import datetime

from bot.messages import ConversationKey, workspace_key
from bot.platforms.slack.keys import PLATFORM
from bot.platforms.slack.listening import Listening
from bot.store import Store

Begun = tuple[datetime, tuple[int, ...]]  # when, and between which gaps


class Sweeps:
    """Notes when each workspace was swept. `clock` gives aware UTC times; methods raise StoreError."""

    def __init__(self, store: Store, listening: Listening, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._listening = listening
        self._clock = clock
        self._begun: dict[str, Begun] = {}
        self._seen: dict[str, str] = {}  # the notes that are known

    def begins(self, team_id: str) -> Begun:
        """Tell when a sweep begins, and in which time between two gaps."""
        return self._clock(), self._listening.era(_all_of(team_id))

    def listed(self, team_id: str, begun: Begun | None) -> None:
        """Note that all places of a workspace are on the agenda; None if some may not be."""
        self._begun.pop(team_id, None)
        if begun is not None:
            self._begun[team_id] = begun

    async def done(self, team_id: str) -> None:
        """Note that nothing of a sweep is left to do, unless there was another gap meanwhile."""
        begun = self._begun.pop(team_id, None)
        if begun is not None and begun[1] == self._listening.era(_all_of(team_id)):
            self._seen[team_id] = begun[0].isoformat()
            await self._store.notes.set(PLATFORM, f"swept/{team_id}", self._seen[team_id])

    async def looks_back(self, team_id: str) -> None:
        """Keep from when on something is missing in a workspace, also for the start after a stop."""
        name, since = _missed(team_id), self._listening.missed_from(_all_of(team_id))
        noted = await self._store.notes.get(PLATFORM, name)
        if noted:
            self._listening.misses(team_id, noted)
        if since is not None and (noted is None or since < noted):
            await self._store.notes.set(PLATFORM, name, since)

    async def caught_up(self, team_id: str) -> None:
        """Note that a workspace was looked through, as far back as had to be."""
        if self._listening.missed_from(_all_of(team_id)) is None:
            return
        self._listening.caught_up(team_id)  # at once: from here on something else may be missed
        await self._store.notes.drop(PLATFORM, _missed(team_id))
        await self.looks_back(team_id)

    async def are_done_elsewhere(self, team_id: str) -> bool:
        """Tell whether another process has swept a workspace since it is listened to here.

        Told once: what is found to be missing later is for this process to fetch.
        """
        noted = await self._store.notes.get(PLATFORM, f"swept/{team_id}")
        if not noted or noted == self._seen.get(team_id):
            return False
        self._seen[team_id] = noted
        self._listening.sweep_was(team_id, datetime.fromisoformat(noted))
        is_done = self._listening.is_swept(_all_of(team_id))
        if is_done:
            self._begun.pop(team_id, None)  # not ended by this process
        return is_done

    async def silent_was(self, where: ConversationKey) -> None:
        """Note the place in which nothing was ever heard that was looked at last."""
        await self._store.notes.set(PLATFORM, f"silent/{where.workspace}", where.channel)

    async def silent_up_to(self, team_id: str) -> str:
        """Give the id of the silent channel that was looked at last, "" if none was."""
        return await self._store.notes.get(PLATFORM, f"silent/{team_id}") or ""


def _all_of(team_id: str) -> ConversationKey:
    return workspace_key(PLATFORM, team_id)


def _missed(team_id: str) -> str:
    return f"missed/{team_id}"
