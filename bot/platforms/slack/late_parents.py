"""Threads that had to begin without what they hang on: a row is kept free for that, and noted.

So whoever speaks there next, also after a restart, may bring it, and it stands at the beginning.
"""

from bot.messages import ConversationKey
from bot.platforms.slack.keys import PLATFORM
from bot.store import Store


class LateParents:
    """Keeps the rows. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def expect(self, where: ConversationKey) -> None:
        """Keep a row free for the parent of a thread, unless one is; before the thread begins."""
        if await self.room(where) is None:
            room = await self._store.late.keep_room(1)
            await self._store.notes.set(PLATFORM, _name(where), str(room.start))

    async def room(self, where: ConversationKey) -> range | None:
        """Give the row that is kept for the parent of a thread; None where none is awaited."""
        row = await self._store.notes.get(PLATFORM, _name(where))
        return None if row is None else range(int(row), int(row) + 1)

    async def settle(self, where: ConversationKey) -> None:
        """Await no parent any more: it came, or there is none."""
        await self._store.notes.drop(PLATFORM, _name(where))


def _name(where: ConversationKey) -> str:
    return f"parent/{where.channel}/{where.thread}/{where.workspace}"  # goes with the workspace
