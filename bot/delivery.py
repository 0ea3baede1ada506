"""Takes replies from the outbox to the platform: the last step of a message's path.

What could not be posted, or taken away, is tried again while it matters, after a restart too. Knows
nothing of how a reply came about.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.decide import hushed, in_threads
from bot.errors import PlatformError, PlatformRemoved, PlatformUnavailable, StoreError
from bot.messages import Author, ConversationKey, OutboxItem, OutboxStatus, Rule
from bot.notices import NOT_POSTED
from bot.ports import Platform
from bot.signs import Signs
from bot.store import Store

logger = logging.getLogger(__name__)

Question = tuple[ConversationKey, str]


@dataclass(slots=True)
class Delivery:
    """Posts replies, each once, and takes them away. `clock` gives aware UTC times.

    Whoever posts or takes back has the conversation's turn, so that no other process does the same.
    Replies older than `max_age_s` are withdrawn, and those that nobody waits for any more. `owns`
    tells which conversations are this process's own. Every method raises StoreError where the history
    cannot be read or written.
    """

    store: Store
    platform: Platform
    signs: Signs
    me: Author
    clock: Callable[[], datetime]
    max_age_s: float
    owns: Callable[[ConversationKey], bool]
    _being_posted: set[str] = field(init=False, default_factory=set)
    _standing_drafts: dict[str, OutboxItem] = field(init=False, default_factory=dict)
    _standing_replies: set[Question] = field(init=False, default_factory=set)
    _waiting: set[ConversationKey] = field(init=False, default_factory=set)

    async def post(self, item: OutboxItem) -> OutboxStatus:
        """Post what was just put into the outbox, here; once posted, it is part of the history.

        Gives FAILED where the platform would not take it, and whoever asked is told; PENDING where
        it cannot be reached: `try_again` posts it then; WITHDRAWN where somebody deleted it meanwhile.
        """
        return await self._tried(item, is_new=True)

    async def _tried(self, item: OutboxItem, *, is_new: bool) -> OutboxStatus:
        self._being_posted.add(item.key)
        try:
            status = await self._post(item, is_new=is_new)
            if status is OutboxStatus.FAILED:
                await self._fail(item)
            elif status is OutboxStatus.PENDING:
                self._waiting.add(item.conversation)
            elif status is OutboxStatus.WITHDRAWN:
                await self.store.outbox.withdraw(item.key)
                await self.take_back(item)  # what still stands of it, now or later
        finally:
            self._being_posted.discard(item.key)
        if status is OutboxStatus.POSTED and item.reply_to is not None:
            # The question may have been deleted while the reply was on its way.
            await self._look_after(item.conversation, item.reply_to)
        return status

    async def look_for_waiting(self) -> None:
        """Find out where a stop left replies that may stand there already, unknown to the history."""
        self._waiting |= {
            item.conversation for item in await self.store.outbox.pending(self.platform.name)
        }

    async def post_waiting(self, where: ConversationKey) -> None:
        """Post what waits in a conversation, before its next decision: else it is answered twice.

        Only whoever has the conversation's turn may do so.
        """
        if where not in self._waiting:
            return
        self._waiting.discard(where)
        for item in await self.store.outbox.pending(self.platform.name):
            if item.conversation == where and await self._is_waiting(item):
                await self._post_late(item)

    async def try_again(self) -> None:
        """Do what could not be done while the platform was not reached, in the order it came up.

        What another process works on is left to it.
        """
        for draft in list(self._standing_drafts.values()):
            async with self.store.turns.if_free(draft.conversation) as is_ours:
                if is_ours:
                    await self.take_back(draft)
        await self._post_pending()
        for where, question_id in list(self._standing_replies):
            async with self.store.turns.if_free(where) as is_ours:
                if is_ours:
                    await self._look_after(where, question_id)

    async def clear_drafts(self, where: ConversationKey) -> None:
        """Remove what a stop left half written in a conversation whose turn the caller has."""
        for item in await self.store.outbox.drafts(self.platform.name):
            if item.conversation == where:
                await self.take_back(item)

    def is_standing(self, draft: OutboxItem) -> bool:
        """Tell whether a draft is known to be still shown, and `try_again` will remove it."""
        return draft.key in self._standing_drafts

    async def take_back(self, draft: OutboxItem) -> None:
        """Remove a draft from the platform, and forget it. Does not raise StoreError."""
        self._standing_drafts[draft.key] = draft
        if not await self._is_withdrawn(draft):
            return
        try:
            await self.store.outbox.drop(draft.key)
        except StoreError as error:  # the next start finds the draft and takes it away
            logger.warning("a draft in %s is still noted: %s", draft.conversation, error)
        self._standing_drafts.pop(draft.key, None)  # somebody else may have done all this meanwhile

    async def look_after_reply(self, where: ConversationKey, question_id: str) -> None:
        """Take away the replies to a question, if all that they answer is deleted.

        Also in the thread that hangs on it. What fails is tried again later. Does not raise
        StoreError.
        """
        await self._look_after(where, question_id)
        if where.thread is None:
            await self._look_after(replace(where, thread=question_id), question_id)

    async def _look_after(self, where: ConversationKey, question_id: str) -> None:
        try:
            async with self.store.turns.alone(where):
                await self._remove_bereft(where, question_id)
        except StoreError as error:
            self._standing_replies.add((where, question_id))
            logger.warning("nobody knows yet whether a reply in %s stays: %s", where, error)

    async def _post_pending(self) -> None:
        for item in await self.store.outbox.pending(self.platform.name):
            if item.key in self._being_posted or not self.owns(item.conversation):
                continue
            async with self.store.turns.if_free(item.conversation) as is_ours:
                # Else it was posted, here or elsewhere, or cleared, since the list was read.
                if is_ours and await self._is_waiting(item):
                    await self._post_late(item)

    async def _is_waiting(self, item: OutboxItem) -> bool:
        status = await self.store.outbox.status(item.key)
        return status is OutboxStatus.PENDING and item.key not in self._being_posted

    async def _post_late(self, item: OutboxItem) -> None:
        self._being_posted.add(item.key)  # at once: within a process others share the turn
        try:
            reason = await self._why_no_more(item)
            if reason is None:
                await self._tried(item, is_new=False)
            elif await self._is_withdrawn(item):
                await self.store.outbox.withdraw(item.key)
                logger.warning("a reply in %s is withdrawn: %s", item.conversation, reason)
        finally:
            self._being_posted.discard(item.key)

    async def _why_no_more(self, item: OutboxItem) -> str | None:
        """Say why a reply that had to wait is not to be posted any more; None if it is."""
        where, now = item.conversation, self.clock()
        if item.created_at < now - timedelta(seconds=self.max_age_s):
            return "it could not be posted in time"
        if not await self.store.outbox.has_question_left(item.key):
            return "what it would have answered was deleted"
        settings = await self.store.channels.settings(where)
        hush = hushed(
            in_threads(settings) if where.thread else settings,
            addressed=await self._is_addressed(item),
            now=now,
        )
        return None if hush is None else hush[1]

    async def _is_addressed(self, item: OutboxItem) -> bool:
        """Tell whether somebody asked for a reply, as far as its decision is kept."""
        if item.decision_id is None:
            return False
        kept = (await self.store.decisions.by_id([item.decision_id])).get(item.decision_id)
        return kept is not None and kept.decision.rule is Rule.ADDRESSED

    async def _post(self, item: OutboxItem, *, is_new: bool) -> OutboxStatus:
        try:
            message_id = await self.platform.post(item, is_new=is_new)
        except PlatformUnavailable as error:
            logger.warning("a reply in %s has to wait: %s", item.conversation, error)
            return OutboxStatus.PENDING
        except PlatformRemoved as error:
            logger.info("a reply in %s is not posted: %s", item.conversation, error)
            return OutboxStatus.WITHDRAWN
        except PlatformError as error:  # the platform's answer, and no defect of ours
            logger.warning("a reply in %s could not be posted: %s", item.conversation, error)
            return OutboxStatus.FAILED
        try:
            await self.store.outbox.posted(
                item.key, message_id=message_id, author=self.me, at=self.clock()
            )
        except StoreError:  # people have it; the next start posts it again, which posts nothing
            logger.exception("a reply in %s is not in the history", item.conversation)
        return OutboxStatus.POSTED

    async def _fail(self, item: OutboxItem) -> None:
        await self.store.outbox.fail(item.key)
        await self.signs.withdraw(item)
        if await self._is_addressed(item):
            await self.signs.notice(item.conversation, NOT_POSTED, reply_to=item.reply_to)

    async def _is_withdrawn(self, item: OutboxItem) -> bool:
        """Remove what is shown of a reply; False if that has to be tried again."""
        try:
            await self.platform.withdraw(item)
        except PlatformUnavailable as error:
            logger.warning("a draft in %s is still to be removed: %s", item.conversation, error)
            return False
        except PlatformError as error:
            logger.warning("a draft in %s could not be removed: %s", item.conversation, error)
        return True

    async def _remove_bereft(self, where: ConversationKey, question_id: str) -> None:
        replies = await self.store.messages.bereft(where, question_id)
        if replies:
            self._standing_replies.add((where, question_id))
            try:
                await self.platform.remove(where, replies)
            except PlatformUnavailable as error:
                logger.warning("a reply in %s is still to be deleted: %s", where, error)
                return
            except PlatformError as error:
                logger.warning("a reply in %s could not be deleted: %s", where, error)
        for reply in replies:
            await self.store.messages.delete(where, reply, at=self.clock())
        self._standing_replies.discard((where, question_id))
