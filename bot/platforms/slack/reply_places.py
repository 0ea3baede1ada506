"""Where on Slack a reply stands: below its question, or in the channel itself.

What was begun stays where it was begun, whatever is set since: else it would be torn, or be there twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from bot.messages import ConversationKey, OutboxItem
from bot.platforms.slack.keys import is_direct, is_ts
from bot.platforms.speaking import Channels, Outbox


class DirectChats(Protocol):
    """Where answers in direct chats stand: see `agent_chats.py`."""

    async def has_threads(self, where: ConversationKey) -> bool:
        """Tell whether answers stand in the threads of their questions. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class ReplyPlaces:
    """Finds and keeps the places of replies. Every method raises StoreError.

    `is_addressed` tells which replies belong into a thread below their question.
    """

    outbox: Outbox
    channels: Channels
    direct: DirectChats
    is_addressed: Callable[[OutboxItem], Awaitable[bool]]

    async def below(self, where: ConversationKey, question_id: str | None) -> ConversationKey:
        """Give the thread below a question, as the channel wants it and direct chats have it."""
        if where.thread is not None or not is_ts(question_id):
            return where
        settings = await self.channels.settings(where)
        has_threads = not is_direct(where.channel) or await self.direct.has_threads(where)
        return (
            replace(where, thread=question_id)
            if has_threads and settings.reply_as_reference
            else where
        )

    async def of(self, item: OutboxItem, *, is_drafted: bool) -> ConversationKey:
        """Give where a reply was begun, else where it belongs now.

        What is drafted is addressed; its decision may not be kept yet.
        """
        begun_in = await self.outbox.shown_in(item.key)
        if begun_in is not None:
            return replace(item.conversation, thread=begun_in or None)
        place = await self.below(item.conversation, item.reply_to)
        if place == item.conversation or is_drafted or await self.is_addressed(item):
            return place
        return item.conversation

    async def keep(self, item: OutboxItem, place: ConversationKey) -> None:
        """Write down where a reply is begun."""
        await self.outbox.show_in(item.key, place.thread or "")
