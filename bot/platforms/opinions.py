"""What people think of a reply: reactions to it, and a moderator who deletes it.

Who, when, the kind of feedback and the decision behind the reply are kept, never a text. Which
reaction means what, the platform tells.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from bot.messages import ConversationKey, FeedbackKind
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
        # Hushes of people who opted out, by channel, decision and person: nothing of them is kept,
        # but they can be taken back.
        self._unkept: dict[tuple[ConversationKey, int, str], datetime] = {}

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
        give = self._store.feedback.give
        is_kept = await give(where, decision_id, kind, author_id=author_id, at=now)
        if kind is FeedbackKind.HUSHED and not is_kept:
            self._unkept[(replace(where, thread=None), decision_id, author_id)] = now

    async def taken_back(
        self, where: ConversationKey, message_id: str, kind: FeedbackKind, *, author_id: str
    ) -> None:
        """Forget what somebody no longer thinks, and end the quiet that this began."""
        decision_id = await self._decision(where, message_id)
        if decision_id is None:
            return
        before = await self._ends(where)
        await self._store.feedback.take_back(decision_id, kind, author_id=author_id)
        if kind is FeedbackKind.HUSHED:
            self._unkept.pop((replace(where, thread=None), decision_id, author_id), None)
        await self._end_hush(where, before)

    async def cleared(
        self, where: ConversationKey, message_id: str, kinds: Collection[FeedbackKind]
    ) -> None:
        """Forget everybody's feedback of some kinds on a reply, and end the quiet that this began."""
        decision_id = await self._decision(where, message_id) if kinds else None
        if decision_id is None:
            return
        before = await self._ends(where)
        await self._store.feedback.clear(decision_id, frozenset(kinds))
        if FeedbackKind.HUSHED in kinds:
            self._unkept = {key: at for key, at in self._unkept.items() if key[1] != decision_id}
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
        if is_chosen and quiet_until not in await self._ends(where):
            until += NOT_ITS_OWN
        await self._store.channels.change(where, quiet_until=until)
        logger.info("hushed in %s until %s", where, until.strftime("%H:%M UTC"))

    async def _ends(self, where: ConversationKey) -> set[datetime]:
        """Give when the hushes end that stand in a channel."""
        since = self._clock() - HUSH
        self._unkept = {key: at for key, at in self._unkept.items() if at >= since}
        given = await self._store.feedback.received(where, since=since)
        here = replace(where, thread=None)
        return {
            *(each.at + HUSH for each in given if each.kind is FeedbackKind.HUSHED),
            *(at + HUSH for (channel, *_), at in self._unkept.items() if channel == here),
        }

    async def _end_hush(self, where: ConversationKey, before: Collection[datetime]) -> None:
        """End the quiet that a hush began which stood before, unless one of them still stands."""
        if not before or await self._ends(where):
            return
        quiet_until = (await self._store.channels.settings(where)).quiet_until
        if quiet_until in before:
            await self._store.channels.reset(where, "quiet_until")
            logger.info("no longer hushed in %s", where)
