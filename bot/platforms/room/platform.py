"""The room as a chat platform: what Earshot does becomes an event that the open pages show.

Nothing is kept here: the store is the room's history, so a page that comes later reads it there.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.messages import ConversationKey, KeptDecision, OutboxItem
from bot.platforms.local import reply_id
from bot.platforms.room.events import Event, Events
from bot.platforms.room.views import mark_view, reply_view

PLATFORM = "room"


class RoomPlatform:
    """Puts Earshot's words on the page, through `events`."""

    def __init__(self) -> None:
        self.events = Events()
        self._typing: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """The platform part of the room's conversation keys."""
        return PLATFORM

    def is_typing(self, room: str) -> bool:
        """Tell whether a reply is being written, for a page that opens meanwhile."""
        return self._typing[room] > 0

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give the conversation itself: there every reply stands."""
        return where

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        """Show the typing indicator until the context ends."""
        self._typing[where.channel] += 1
        self._publish("typing", where, on=True)
        try:
            yield
        finally:
            self._typing[where.channel] -= 1
            self._publish("typing", where, on=self.is_typing(where.channel))

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show the text written so far."""
        draft = {"id": reply_id(item.key), "text": text, "reply_to": item.reply_to}
        self._publish("draft", item.conversation, **draft)

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        """Show the reply; a page shows the same id once."""
        self._publish("message", item.conversation, message=reply_view(item))
        return reply_id(item.key)

    async def withdraw(self, item: OutboxItem) -> None:
        """Take the draft away."""
        self._publish("withdrawn", item.conversation, id=reply_id(item.key))

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        """Show that these are gone."""
        for message_id in message_ids:
            self._publish("deleted", where, id=message_id)

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Show a line that is not a message; it is not kept."""
        self._publish("notice", where, text=text, reply_to=reply_to)

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Mark the messages."""
        marks = {message_id: mark_view(message_id, decision) for message_id in message_ids}
        self._publish("decided", where, marks=marks)

    def _publish(self, kind: str, where: ConversationKey, **body: object) -> None:
        self.events.publish(Event(kind, where.channel, body))
