"""Whose turn it is in a conversation, where several processes share one PostgreSQL database.

A turn is an advisory lock of a session: a process that ends, however it ends, has given its turns
back. One connection a process holds them all; where it breaks, what is held is taken anew. An SQLite
file belongs to one process, so there nobody is waited for.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import TypeVar

from bot.errors import StoreError
from bot.messages import ConversationKey
from bot.store.conversations import stored_key
from bot.store.database import Database
from bot.store.session_locks import SessionLocks

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 0.02  # between two looks whether another process is done
MAX_WAIT_S = 0.5

Result = TypeVar("Result")


class Turns:
    """The turns of this process. Within it, whoever comes second shares the turn of the first."""

    def __init__(self, database: Database) -> None:
        self._locks = None if database.is_sqlite else SessionLocks(database, self._lost)
        self._changing = asyncio.Lock()
        self._held: Counter[int] = Counter()  # how many in this process share each turn
        self._missing: set[int] = set()  # held, but the session that knew of it is over
        self._mending: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    @asynccontextmanager
    async def alone(self, where: ConversationKey) -> AsyncIterator[bool]:
        """Wait until no other process has the conversation's turn, and have it until the end.

        Gives whether another process had it first. Raises StoreError.
        """
        key, wait_s = _key(where), 0.0
        while not await self._take(key):
            wait_s = min(2 * wait_s, MAX_WAIT_S) or FIRST_WAIT_S
            await asyncio.sleep(wait_s)
        try:
            yield wait_s > 0
        finally:
            await self._give(key)

    @asynccontextmanager
    async def if_free(self, where: ConversationKey) -> AsyncIterator[bool]:
        """Have the conversation's turn until the end if no other process has it; tell whether so.

        Raises StoreError.
        """
        key = _key(where)
        is_ours = await self._take(key)
        try:
            yield is_ours
        finally:
            if is_ours:
                await self._give(key)

    async def close(self) -> None:
        """Give every turn back."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.gather(self._mending, return_exceptions=True)
        if self._locks is not None:
            await self._locks.close()

    async def _take(self, key: int) -> bool:
        if self._locks is None:
            return True
        taking = self._run(self._taken(self._locks, key))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:  # whoever gives up must not be given it afterwards
            taking.add_done_callback(lambda done: self._give_up(done, key))
            raise

    async def _give(self, key: int) -> None:
        if self._locks is not None:
            await asyncio.shield(self._run(self._given(self._locks, key)))

    def _give_up(self, taking: asyncio.Task[bool], key: int) -> None:
        if self._locks and not (taking.cancelled() or taking.exception()) and taking.result():
            self._run(self._given(self._locks, key))

    async def _taken(self, locks: SessionLocks, key: int) -> bool:
        async with self._changing:
            if key not in self._held or key in self._missing:
                if not await locks.take(key):
                    return False
                self._missing.discard(key)
            self._held[key] += 1
            return True

    async def _given(self, locks: SessionLocks, key: int) -> None:
        async with self._changing:
            self._held[key] -= 1
            if self._held[key]:
                return
            del self._held[key]
            if key in self._missing:
                self._missing.discard(key)
            else:
                await locks.give(key)

    def _lost(self) -> None:
        """Hear that the session is over, and with it the turns it held."""
        if not self._held:
            return
        self._missing = set(self._held)
        if self._mending is None:
            logger.warning(
                "the database connection that held %d turns is gone: they are taken anew",
                len(self._held),
            )
            self._mending = asyncio.create_task(self._mend(), name="take turns anew")

    async def _mend(self) -> None:
        wait_s = FIRST_WAIT_S
        try:
            while self._missing:
                async with self._changing:
                    await self._take_anew()
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, MAX_WAIT_S)
        finally:
            self._mending = None

    async def _take_anew(self) -> None:
        for key in sorted(self._missing):
            try:
                if self._locks is not None and await self._locks.take(key):
                    self._missing.discard(key)
            except StoreError:  # it is not back yet, and whoever needs it says so
                return

    def _run(self, work: Coroutine[object, object, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _key(where: ConversationKey) -> int:
    """Give the number of a conversation's lock: 64 bits, as PostgreSQL takes them."""
    name = "\x00".join(stored_key(where)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), signed=True)
