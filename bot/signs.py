"""What a platform shows besides replies: marks, typing, drafts and notices.

None of them is worth a reply: a platform that fails at one is noted in the log, and the work goes on.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.errors import PlatformError
from bot.messages import ConversationKey, KeptDecision, OutboxItem
from bot.ports import Platform

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of one platform. No method raises PlatformError."""

    platform: Platform

    async def decided(
        self, where: ConversationKey, kept: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Tell what was decided about these messages."""
        try:
            await self.platform.decided(where, kept, message_ids)
        except PlatformError as error:
            logger.warning("a decision in %s could not be shown: %s", where, error)

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give where a reply stands; the conversation itself where nobody can tell just now."""
        try:
            return await self.platform.place(where, reply_to)
        except PlatformError as error:
            logger.warning("nobody knows yet where a reply in %s stands: %s", where, error)
            return where

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        """Show that a reply is on its way, until the context ends."""
        shown = AsyncExitStack()
        try:
            await shown.enter_async_context(self.platform.typing(where))
        except PlatformError as error:
            logger.warning("typing could not be shown in %s: %s", where, error)
        try:
            yield
        finally:
            try:
                await shown.aclose()
            except PlatformError as error:
                logger.warning("typing may still be shown in %s: %s", where, error)

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show the text written so far."""
        try:
            await self.platform.draft(item, text)
        except PlatformError as error:
            logger.warning("no draft in %s: %s", item.conversation, error)

    async def withdraw(self, item: OutboxItem) -> None:
        """Remove the draft."""
        try:
            await self.platform.withdraw(item)
        except PlatformError as error:
            logger.warning("a draft in %s could not be removed: %s", item.conversation, error)

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Tell people something that is not a reply."""
        try:
            await self.platform.notice(where, text, reply_to=reply_to)
        except PlatformError as error:
            # The one sign that somebody waits for; where the bot was removed, nobody gets it.
            logger.error("a notice in %s could not be posted: %s", where, error)  # noqa: TRY400
