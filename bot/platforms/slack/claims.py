"""Which of several processes carries a command out that was written as a message.

Slack tells of a mention twice, as a message and as a mention, and each may come to another process.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import StoreError
from bot.messages import ConversationKey
from bot.platforms.slack.keys import PLATFORM, is_ts, sent_at, ts_at
from bot.store import Store

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=1)  # Slack delivers again within the hour
_PREFIX = "command-"


@dataclass(frozen=True, slots=True)
class Claims:
    """Notes who came first, for a day."""

    store: Store

    async def is_ours(self, where: ConversationKey, ts: str) -> bool:
        """Tell whether no other process took up this message.

        Where the history does not tell, it is ours: twice is better than never.
        """
        if not is_ts(ts):
            return True
        try:
            is_ours = await self.store.notes.claim(PLATFORM, _name(where, ts), ts)
            if is_ours:
                await self._forget(where.workspace, before=ts_at(sent_at(ts) - KEPT_FOR))
        except StoreError as error:
            logger.warning("nobody knows who else hears a command in %s: %s", where, error)
            return True
        return is_ours

    async def is_taken(self, where: ConversationKey, ts: str) -> bool:
        """Tell whether any process took up this message, as a command. Raises StoreError."""
        return await self.store.notes.get(PLATFORM, _name(where, ts)) is not None

    async def _forget(self, workspace: str, *, before: str) -> None:
        noted = await self.store.notes.named(PLATFORM, _PREFIX, workspace)
        for name, ts in noted.items():
            if ts < before:
                await self.store.notes.drop(PLATFORM, f"{_PREFIX}{name}/{workspace}")


def _name(where: ConversationKey, ts: str) -> str:
    return f"{_PREFIX}{where.channel}-{ts}/{where.workspace}"
