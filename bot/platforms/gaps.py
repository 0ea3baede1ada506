"""How far each gap is closed, written down so that a restart goes on where a stop ended.

A gap with nothing heard after it needs no note: it begins where the history ends. One that newer
messages were heard after keeps rows free for what is still to come, and notes what it has.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.messages import ConversationKey
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_MISSED = 1000  # messages a place: far more than a prompt shows


@dataclass(frozen=True, slots=True)
class Gap:
    """What was missed after `since` and before `until`, both message ids that tell a time.

    What is fetched page by page from its end lets `until` come nearer, and from its beginning
    `since`. `room` are the rows kept free; None while nothing newer was recorded.
    """

    since: str
    until: str
    room: range | None = None
    num_fetched: int = 0


class Gaps:
    """Keeps the gaps of a platform's places, the oldest first. Every method raises StoreError.

    `sent_at` tells the time of a message id, and raises ValueError for what is none.
    """

    def __init__(self, store: Store, platform: str, sent_at: Callable[[str], datetime]) -> None:
        self._store = store
        self._platform = platform
        self._sent_at = sent_at

    async def find(self, where: ConversationKey) -> list[Gap]:
        """Give the gaps that were noted in a place."""
        noted = await self._store.notes.get(self._platform, _name(where))
        return self._read(noted) if noted else []

    async def with_room(self, where: ConversationKey, gaps: Sequence[Gap]) -> list[Gap]:
        """Note gaps before anything newer is recorded, with rows for what they lack."""
        kept = [
            gap if gap.room else replace(gap, room=await self._store.late.keep_room(MAX_MISSED))
            for gap in gaps
        ]
        await self.keep(where, kept)
        return kept

    async def keep(self, where: ConversationKey, gaps: Sequence[Gap]) -> None:
        """Note how far gaps are closed. One without room is told by the end of the history."""
        kept = [gap for gap in gaps if gap.room]
        if kept:
            await self._store.notes.set(self._platform, _name(where), _written(kept))
            await self._store.marks.open_gap(where, self._sent_at(kept[0].since))
            return
        if await self._store.notes.get(self._platform, _name(where)) is not None:
            await self._store.notes.drop(self._platform, _name(where))
        if await self._store.marks.gap_from(where) is not None:
            await self._store.marks.close_gap(where)

    def _read(self, noted: str) -> list[Gap]:
        try:
            return [self._gap(*each) for each in json.loads(noted)]
        except (TypeError, ValueError):
            logger.warning(
                "%s: a note about a gap cannot be read: %s", self._platform.title(), noted
            )
            return []

    def _gap(self, since: str, until: str, start: int, stop: int, num_fetched: int) -> Gap:
        for each in (since, until):
            self._sent_at(each)  # or it is none
        return Gap(since, until, range(start, stop), num_fetched)


def _name(where: ConversationKey) -> str:
    return f"gap/{where.channel}/{where.thread or ''}/{where.workspace}"


def _written(gaps: Sequence[Gap]) -> str:
    return json.dumps(
        [
            [gap.since, gap.until, gap.room.start, gap.room.stop, gap.num_fetched]
            for gap in gaps
            if gap.room
        ]
    )
