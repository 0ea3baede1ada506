"""What people think of a reply: reactions to it, and a moderator who deletes it.

Who, when, the kind of feedback and the decision behind the reply are kept, never a text. Which
reaction means what, the platform tells.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from bot.messages import ConversationKey, Feedback, FeedbackKind
from bot.store import Store

logger = logging.getLogger(__name__)

HUSH = timedelta(hours=1)
# Quiet that was chosen by a command is not ended by a hush that comes and goes: where a hush only
# lengthens such quiet, that ends a little later than the hush itself would have it.
NOT_ITS_OWN = timedelta(seconds=1)


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
        now = self._clock()
        if kind is FeedbackKind.HUSHED:
            await self._hush(where, now)
        await self._store.feedback.give(where, decision_id, kind, author_id=author_id, at=now)

    async def taken_back(
        self, where: ConversationKey, message_id: str, kind: FeedbackKind, *, author_id: str
    ) -> None:
        """Forget what somebody no longer thinks, and end the quiet that this began."""
        decision_id = await self._decision(where, message_id)
        if decision_id is None:
            return
        before = await self._hushes(where)
        await self._store.feedback.take_back(decision_id, kind, author_id=author_id)
        await self._end_hush(where, before)

    async def cleared(
        self, where: ConversationKey, message_id: str, kinds: Collection[FeedbackKind]
    ) -> None:
        """Forget everybody's feedback of some kinds on a reply, and end the quiet that this began."""
        decision_id = await self._decision(where, message_id) if kinds else None
        if decision_id is None:
            return
        before = await self._hushes(where)
        await self._store.feedback.clear(decision_id, frozenset(kinds))
        await self._end_hush(where, before)

    async def removed(self, where: ConversationKey, decision_id: int, moderator_id: str) -> None:
        """Keep that a moderator deleted a reply."""
        await self._store.feedback.give(
            where, decision_id, FeedbackKind.REMOVED, author_id=moderator_id, at=self._clock()
        )

    async def _decision(self, where: ConversationKey, message_id: str) -> int | None:
        return await self._store.outbox.decision_behind(where, message_id)

    async def _hush(self, where: ConversationKey, now: datetime) -> None:
        quiet_until = (await self._store.channels.settings(where)).quiet_until
        until = now + HUSH
        if quiet_until is not None and quiet_until >= until:
            return
        is_chosen = quiet_until is not None and quiet_until > now
        if is_chosen and quiet_until not in _ends(await self._hushes(where)):
            until += NOT_ITS_OWN
        await self._store.channels.change(where, quiet_until=until)
        logger.info("hushed in %s until %s", where, until.strftime("%H:%M UTC"))

    async def _hushes(self, where: ConversationKey) -> list[Feedback]:
        """List the hushes of the last hour that stand in a channel."""
        given = await self._store.feedback.received(where, since=self._clock() - HUSH)
        return [each for each in given if each.kind is FeedbackKind.HUSHED]

    async def _end_hush(self, where: ConversationKey, before: Sequence[Feedback]) -> None:
        """End the quiet that a hush began which stood before, unless one of them still stands."""
        if not before or await self._hushes(where):
            return
        quiet_until = (await self._store.channels.settings(where)).quiet_until
        if quiet_until in _ends(before):
            await self._store.channels.reset(where, "quiet_until")
            logger.info("no longer hushed in %s", where)


def _ends(hushes: Iterable[Feedback]) -> set[datetime]:
    return {each.at + HUSH for each in hushes}
