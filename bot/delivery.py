"""Takes replies from the outbox to the platform: the last step of a message's path.

What could not be posted is tried again while it is young, after a restart too. Knows nothing of how
a reply came about.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.errors import PlatformError, PlatformUnavailable, StoreError
from bot.messages import Author, ConversationKey, OutboxItem, OutboxStatus
from bot.ports import Platform
from bot.signs import Signs
from bot.store import Store

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Delivery:
    """Posts replies, each once. `clock` gives aware UTC times; older items than `max_age_s` are dropped.

    `owns` tells which conversations are this process's own. Every method raises StoreError where
    the outbox cannot be read or written.
    """

    store: Store
    platform: Platform
    signs: Signs
    me: Author
    clock: Callable[[], datetime]
    max_age_s: float
    owns: Callable[[ConversationKey], bool]
    _being_posted: set[str] = field(init=False, default_factory=set)

    async def post(self, item: OutboxItem) -> OutboxStatus:
        """Post what stands in the outbox; once posted, it is part of the history.

        Gives FAILED where the platform would not take it, PENDING where it cannot be reached:
        `post_pending` tries again.
        """
        self._being_posted.add(item.key)
        try:
            return await self._post(item)
        finally:
            self._being_posted.discard(item.key)

    async def post_pending(self) -> None:
        """Post the replies that could not be posted before; those that are too old are withdrawn."""
        oldest = self.clock() - timedelta(seconds=self.max_age_s)
        for item in await self.store.outbox.pending(self.platform.name):
            if item.key in self._being_posted or not self.owns(item.conversation):
                continue
            if item.created_at >= oldest:
                await self.post(item)
                continue
            await self.signs.withdraw(item)
            await self.store.outbox.withdraw(item.key)
            logger.warning(
                "a reply in %s is withdrawn: it could not be posted in time", item.conversation
            )

    async def clear_drafts(self) -> None:
        """Remove what a stop left half written; to be awaited before any new reply is begun."""
        for item in await self.store.outbox.drafts(self.platform.name):
            if self.owns(item.conversation):
                await self.take_back(item)

    async def take_back(self, draft: OutboxItem) -> None:
        """Remove a draft from the platform, and forget it."""
        await self.signs.withdraw(draft)
        try:
            await self.store.outbox.drop(draft.key)
        except StoreError as error:  # the next start finds the draft and takes it away
            logger.warning("a draft in %s is still noted: %s", draft.conversation, error)

    async def _post(self, item: OutboxItem) -> OutboxStatus:
        try:
            message_id = await self.platform.post(item)
        except PlatformUnavailable as error:
            logger.warning("a reply in %s has to wait: %s", item.conversation, error)
            return OutboxStatus.PENDING
        except PlatformError:
            logger.exception("a reply in %s could not be posted", item.conversation)
            await self.store.outbox.fail(item.key)
            return OutboxStatus.FAILED
        try:
            await self.store.outbox.posted(
                item.key, message_id=message_id, author=self.me, at=self.clock()
            )
        except StoreError:  # people have it; the next start posts it again, which posts nothing
            logger.exception("a reply in %s is not in the history", item.conversation)
        return OutboxStatus.POSTED
