"""Advisory locks of one PostgreSQL session: they last until they are given back, or it ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.engines import session_engine

ANSWER_TIMEOUT_S = 10.0  # nothing here waits for a lock, so an answer is quick

_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_GIVE = text("SELECT pg_advisory_unlock(:key)")
_BROKEN = (DBAPIError, OSError, TimeoutError)


class SessionLocks:
    """The locks of this process, on a connection of their own. One call at a time.

    `on_lost` is called when a session has ended that may have held some.
    """

    def __init__(self, database: Database, on_lost: Callable[[], None]) -> None:
        self._database = database
        self._engine = session_engine(database.url)
        self._on_lost = on_lost
        self._connection: AsyncConnection | None = None
        self._over: list[AsyncConnection] = []  # those that ended by themselves, still to be closed

    async def take(self, key: int) -> bool:
        """Take a lock if no other session has it; connects first, and anew. Raises StoreError."""
        with self._database.told_plainly():
            if self._connection is not None:
                try:
                    return await self._told(self._connection, key, give=False)
                except _BROKEN:
                    self._ended(self._connection)
            await self._close_ended()
            return await self._told(await self._connected(), key, give=False)

    async def give(self, key: int) -> None:
        """Give a lock back; one whose session is over is given back already."""
        if self._connection is None:
            return
        try:
            await self._told(self._connection, key, give=True)
        except _BROKEN:
            self._ended(self._connection)

    async def close(self) -> None:
        """End the session."""
        await self._close_ended()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await _close(connection)
        await self._engine.dispose()

    async def _told(self, connection: AsyncConnection, key: int, *, give: bool) -> bool:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return bool(await connection.scalar(_GIVE if give else _TAKE, {"key": key}))

    async def _connected(self) -> AsyncConnection:
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        driver_s = raw.driver_connection
        if driver_s is not None:  # it tells at once, not only when a lock is asked for next
            driver_s.add_termination_listener(lambda _: self._ended(connection))
        self._connection = connection
        return connection

    def _ended(self, connection: AsyncConnection | None) -> None:
        if connection is not None and self._connection is connection:
            self._connection = None
            self._over.append(connection)
            self._on_lost()

    async def _close_ended(self) -> None:
        while self._over:
            connection = self._over.pop()
            with suppress(*_BROKEN):  # which is why it is over
                await connection.invalidate()
            await _close(connection)


async def _close(connection: AsyncConnection) -> None:
    with suppress(*_BROKEN):
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await connection.close()
