"""What the history knows and a platform's payload does not tell: names, and which words are ours."""

from datetime import datetime

from bot.messages import ConversationKey
from bot.store import Store


class Memory:
    """Looks into the store. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def name_of(self, where: ConversationKey, author_id: str) -> str | None:
        """Give the last name seen of a person in that workspace, None if never seen there."""
        return await self._store.speakers.name(where.platform, where.workspace, author_id)

    async def keeps(
        self, where: ConversationKey, author_id: str, *, said_at: datetime | None
    ) -> bool:
        """Tell whether a person of that workspace wants kept what they said at a time, if known."""
        return await self._store.speakers.keeps(
            where.platform, where.workspace, author_id, said_at=said_at
        )

    async def is_wiped(self, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message of that workspace was deleted, or is kept without its words."""
        return await self._store.messages.is_wiped(where, message_id)

    async def is_ours(self, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message is a reply of the assistant, or a part of one."""
        return await self._store.outbox.decision_behind(where, message_id) is not None

    async def is_past(self, where: ConversationKey, message_id: str, sent_at: datetime) -> bool:
        """Tell whether a message must not be heard now: it was forgotten, or never to be heard.

        Nothing but the time tells that of a message which the history does not hold.
        """
        marks = self._store.marks
        # First, for it may be fetched just now: recorded after the look for it, it is not past.
        until = await marks.gap_from(where) or await marks.heard_until(where)
        first = (await self._store.outbox.parts_of(where, message_id))[0]
        entry = await self._store.messages.find(where, first)
        if entry is not None:
            return entry.deleted or entry.hidden
        return until is not None and sent_at <= until
