"""Until when each shard listened before its present session, however long that is ago.

Noted again and again while a shard has its connection, so that a restart finds it.
"""

from collections.abc import Callable
from datetime import datetime

import discord

from bot.platforms.discord.keys import PLATFORM
from bot.store import Store


class LastListened:
    """Tells where the gap of a session begins. `clock` gives aware UTC times."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._noted: dict[int, datetime] = {}
        self._before: dict[int, datetime] = {}

    def session_began(self, shard_id: int) -> None:
        """Note that what is said from now on comes after the gap.

        Where the gap before was not closed yet, both are one.
        """
        if shard_id in self._noted:
            self._before[shard_id] = self._noted.pop(shard_id)

    async def before(self, shard_id: int) -> datetime:
        """Give until when a shard listened before its session; now if nobody knows.

        Raises StoreError.
        """
        if shard_id not in self._before:
            noted = await self._store.notes.get(PLATFORM, _name(shard_id))
            known = self._clock() if noted is None else datetime.fromisoformat(noted)
            self._before.setdefault(shard_id, known)
        return self._before[shard_id]

    async def note(self, client: discord.Client) -> None:
        """Note that the shards listen which have their connection. Raises StoreError.

        Only those whose gap was closed: a stop before that leaves it to the next start.
        """
        if not isinstance(client, discord.AutoShardedClient):
            return
        for shard_id, shard in client.shards.items():
            if shard_id in self._noted and not shard.is_closed():
                await self.note_shard(shard_id)

    async def note_shard(self, shard_id: int) -> None:
        """Note that a shard listens. Raises StoreError."""
        await self.before(shard_id)  # what this takes the place of
        now = self._clock()
        self._noted[shard_id] = now
        await self._store.notes.set(PLATFORM, _name(shard_id), now.isoformat())


def _name(shard_id: int) -> str:
    return f"shard {shard_id} listened until"
