"""What people think of a reply: reactions to it, and a moderator who deletes it.

Who, when, the kind of feedback and the decision behind the reply are kept, never a text. Which
reaction means what, the platform tells. Until when a hush lasts is noted for the channel and names
nobody: so it can also be taken back by whoever opted out or was forgotten since.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
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
        # Hushes of people who opted out, by channel, decision and person: nothing of them is kept,
        # but nobody else takes them back.
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
        await self._store.feedback.take_back(decision_id, kind, author_id=author_id)
        if kind is FeedbackKind.HUSHED:
            self._unkept.pop((replace(where, thread=None), decision_id, author_id), None)
            await self._end_hush(where)

    async def cleared(
        self, where: ConversationKey, message_id: str, kinds: Collection[FeedbackKind]
    ) -> None:
        """Forget everybody's feedback of some kinds on a reply, and end the quiet that this began."""
        decision_id = await self._decision(where, message_id) if kinds else None
        if decision_id is None:
            return
        await self._store.feedback.clear(decision_id, frozenset(kinds))
        if FeedbackKind.HUSHED in kinds:
            self._unkept = {key: at for key, at in self._unkept.items() if key[1] != decision_id}
            await self._end_hush(where)

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
        is_chosen = is_chosen and quiet_until != await self._hushed_until(where)
        if not is_chosen:  # what somebody chose by a command is only lengthened, and not ended
            await self._store.notes.set(where.platform, _name(where), until.isoformat())
        await self._store.channels.change(where, quiet_until=until)
        logger.info("hushed in %s until %s", where, until.strftime("%H:%M UTC"))

    async def _hushed_until(self, where: ConversationKey) -> datetime | None:
        """Give when the quiet ends, or ended, that the last hush began in a channel."""
        noted = await self._store.notes.get(where.platform, _name(where))
        return None if noted is None else datetime.fromisoformat(noted)

    async def _stands(self, where: ConversationKey) -> bool:
        """Tell whether somebody's hush stands in a channel."""
        since = self._clock() - HUSH
        self._unkept = {key: at for key, at in self._unkept.items() if at >= since}
        here = replace(where, thread=None)
        given = await self._store.feedback.received(where, since=since)
        return any(each.kind is FeedbackKind.HUSHED for each in given) or any(
            channel == here for channel, *_ in self._unkept
        )

    async def _end_hush(self, where: ConversationKey) -> None:
        """End the quiet that a hush began, unless another one still stands."""
        if await self._stands(where):
            return
        quiet_until = (await self._store.channels.settings(where)).quiet_until
        if quiet_until is not None and quiet_until == await self._hushed_until(where):
            await self._store.channels.reset(where, "quiet_until")
            await self._store.notes.drop(where.platform, _name(where))
            logger.info("no longer hushed in %s", where)


def _name(where: ConversationKey) -> str:
    """Name the note of a channel, which its threads share."""
    return f"hushed-{where.channel}/{where.workspace}"
