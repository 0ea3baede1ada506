"""What people think of a reply: reactions to it, and a moderator who deletes it.

Who, when, the kind of feedback and the decision behind the reply are kept, never a text. Which
reaction means what, the platform tells.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from bot.messages import ConversationKey, FeedbackKind
from bot.store import Store

logger = logging.getLogger(__name__)

HUSH = timedelta(hours=1)


class Opinions:
    """Keeps feedback. `clock` gives aware UTC times. Every method raises StoreError.

    What is said of a message that is no reply is passed over.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def given(
        self, where: ConversationKey, message_id: str, kind: FeedbackKind, *, author_id: str
    ) -> None:
        """Keep what somebody thinks of a reply, and be quiet for an hour if that asks for it."""
        decision_id = await self._decision(where, message_id)
        if decision_id is None:
            return
        await self._store.feedback.give(
            where, decision_id, kind, author_id=author_id, at=self._clock()
        )
        if kind is FeedbackKind.HUSHED:
            await self._hush(where)

    async def taken_back(
        self, where: ConversationKey, message_id: str, kind: FeedbackKind, *, author_id: str
    ) -> None:
        """Forget what somebody no longer thinks."""
        decision_id = await self._decision(where, message_id)
        if decision_id is not None:
            await self._store.feedback.take_back(decision_id, kind, author_id=author_id)

    async def cleared(
        self, where: ConversationKey, message_id: str, kinds: Collection[FeedbackKind]
    ) -> None:
        """Forget everybody's feedback of some kinds on a reply."""
        decision_id = await self._decision(where, message_id) if kinds else None
        if decision_id is not None:
            await self._store.feedback.clear(decision_id, frozenset(kinds))

    async def removed(self, where: ConversationKey, decision_id: int, moderator_id: str) -> None:
        """Keep that a moderator deleted a reply."""
        await self._store.feedback.give(
            where, decision_id, FeedbackKind.REMOVED, author_id=moderator_id, at=self._clock()
        )

    async def _decision(self, where: ConversationKey, message_id: str) -> int | None:
        return await self._store.outbox.decision_behind(where, message_id)

    async def _hush(self, where: ConversationKey) -> None:
        until = self._clock() + HUSH
        settings = await self._store.channels.settings(where)
        if settings.quiet_until is None or settings.quiet_until < until:
            await self._store.channels.change(where, quiet_until=until)
            logger.info("hushed in %s until %s", where, until.strftime("%H:%M UTC"))
