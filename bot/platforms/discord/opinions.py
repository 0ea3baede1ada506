"""What people think of a reply: reactions to it, and a moderator who deletes it.

Who, when, the kind of feedback and the decision behind the reply are kept, never a text.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import discord

from bot.messages import ConversationKey, FeedbackKind
from bot.store import Store

logger = logging.getLogger(__name__)

HUSH = timedelta(hours=1)
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_MEANINGS = {
    "\N{THUMBS UP SIGN}": FeedbackKind.LIKED,
    "\N{THUMBS DOWN SIGN}": FeedbackKind.DISLIKED,
    "\N{SPEAKER WITH CANCELLATION STROKE}": FeedbackKind.HUSHED,
}


def meaning(emoji: str) -> FeedbackKind | None:
    """Give what a reaction says of a reply; None if that is no matter of ours."""
    return _MEANINGS.get(emoji.rstrip(_SKIN_TONES + "\ufe0f"))


class Opinions:
    """Keeps feedback. `clock` gives aware UTC times. Every method raises StoreError."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def reacted(
        self, where: ConversationKey, payload: discord.RawReactionActionEvent
    ) -> None:
        """Keep a reaction to a reply, and be quiet for an hour if it asks for that."""
        kind = meaning(payload.emoji.name or "")
        if kind is None:
            return
        decision_id = await self._decision(where, payload.message_id)
        if decision_id is None:
            return
        author_id = str(payload.user_id)
        await self._store.feedback.give(
            where, decision_id, kind, author_id=author_id, at=self._clock()
        )
        if kind is FeedbackKind.HUSHED:
            await self._hush(where)

    async def took_back(
        self, where: ConversationKey, payload: discord.RawReactionActionEvent
    ) -> None:
        """Forget a reaction that was removed."""
        kind = meaning(payload.emoji.name or "")
        if kind is None:
            return
        decision_id = await self._decision(where, payload.message_id)
        if decision_id is not None:
            author_id = str(payload.user_id)
            await self._store.feedback.take_back(decision_id, kind, author_id=author_id)

    async def cleared(
        self,
        where: ConversationKey,
        payload: discord.RawReactionClearEvent | discord.RawReactionClearEmojiEvent,
    ) -> None:
        """Forget the reactions that a moderator cleared: all, or those with one emoji."""
        kinds = frozenset(_MEANINGS.values())
        if isinstance(payload, discord.RawReactionClearEmojiEvent):
            kinds &= {meaning(payload.emoji.name or "")}
        decision_id = await self._decision(where, payload.message_id) if kinds else None
        if decision_id is not None:
            await self._store.feedback.clear(decision_id, kinds)

    async def removed(self, where: ConversationKey, decision_id: int, moderator_id: str) -> None:
        """Keep that a moderator deleted a reply."""
        await self._store.feedback.give(
            where,
            decision_id,
            FeedbackKind.REMOVED,
            author_id=moderator_id,
            at=self._clock(),
        )

    async def _decision(self, where: ConversationKey, message_id: int) -> int | None:
        return await self._store.outbox.decision_behind(where, str(message_id))

    async def _hush(self, where: ConversationKey) -> None:
        until = self._clock() + HUSH
        settings = await self._store.channels.settings(where)
        if settings.quiet_until is None or settings.quiet_until < until:
            await self._store.channels.change(where, quiet_until=until)
            logger.info("hushed in %s until %s", where, until.strftime("%H:%M UTC"))
