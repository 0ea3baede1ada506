"""The history database: transactions on it, and its errors in plain words.

Knows SQLite and PostgreSQL, and nothing about what is stored.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store.engines import (
    BUSY_TIMEOUT_S,
    postgresql_engine,
    reach,
    sqlite_reader,
    sqlite_writer,
    with_async_driver,
)

_WAL_PAUSE_S = 0.05
_SQLITE_COMPLAINTS = {
    "SQLITE_FULL": "the disk is full: free some space; nothing was half-written",
    "SQLITE_BUSY": "another program keeps the database locked: stop it, or try again later",
    "SQLITE_LOCKED": "another program keeps the database locked: stop it, or try again later",
    "SQLITE_READONLY": "the database is read-only: allow this user to write the file and its folder",
    "SQLITE_CANTOPEN": "the database file cannot be opened: check its path and who may write there",
    "SQLITE_NOTADB": "the file is not an SQLite database: name another one, or move it away",
    "SQLITE_CORRUPT": "the database file is damaged: restore it from a copy",
    "SQLITE_IOERR": "the disk cannot be read or written: check it and the space left on it",
}
# deadlock_detected, serialization_failure, foreign_key_violation: a row that was there is gone.
_LOST_RACES = ("40P01", "40001", "23503")

Result = TypeVar("Result")
Noun = TypeVar("Noun")


class Database:
    """The engines for one URL: `sqlite:///file` or `postgresql://...`, with or without a driver.

    Connects when first used. Every method raises StoreError that says what to do.
    """

    def __init__(self, url: str) -> None:
        self.url = with_async_driver(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        plain = self.url.set(drivername=self.url.get_backend_name(), query={})
        self.name = plain.render_as_string(hide_password=True)
        if self.is_sqlite:
            self.reader, self.writer = sqlite_reader(self.url), sqlite_writer(self.url)
        else:
            self.reader = self.writer = postgresql_engine(self.url)
        self._running: set[asyncio.Task[object]] = set()

    async def connect(self) -> None:
        """Make the folder of an SQLite file, and the first connection."""
        with self.told_plainly():
            if self.is_sqlite:
                await asyncio.to_thread(reach, self.url.database or "")
            try:
                await self._first_connection()
            except TypeError as error:  # the drivers take what follows the ? as arguments
                raise StoreError(f"the database URL has an unknown option: {error}") from error

    async def close(self) -> None:
        """Finish what runs, close every connection; the last one folds the WAL into the file."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.reader.dispose()
        await self.writer.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that only reads; each query sees one state of the database."""
        with self.told_plainly():
            async with self.reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction: committed at the end, rolled back on any error."""
        with self.told_plainly():
            async with self.writer.begin() as connection:
                yield connection

    async def carry_through(self, work: Coroutine[object, object, Result]) -> Result:
        """Run a transaction to its end, even if its caller is cancelled meanwhile.

        Only on SQLite: a query of its driver cannot be cancelled. It would go on in its thread, the
        connection would be lost, and one cancelled while it connects leaves the thread behind.
        """
        if not self.is_sqlite:
            return await work
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    @contextmanager
    def told_plainly(self) -> Iterator[None]:
        """Raise what the drivers raise as StoreError: what happened, and what to do."""
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"{_complaint(error.orig)} ({self.name})") from error
        except sqlite3.Error as error:
            raise StoreError(f"{_complaint(error)} ({self.name})") from error
        except (PoolTimeoutError, TimeoutError) as error:
            raise StoreError(f"the database takes too long to answer ({self.name})") from error
        except OSError as error:
            raise StoreError(f"the database cannot be reached: {error} ({self.name})") from error

    async def _first_connection(self) -> None:
        # SQLite does not wait, but answers "locked", when another process switches to WAL just now.
        clock = asyncio.get_running_loop().time
        deadline = clock() + BUSY_TIMEOUT_S
        while True:
            try:
                async with self.writer.connect():
                    return
            except DBAPIError as error:
                if _sqlite_code(error.orig) != "SQLITE_BUSY" or clock() > deadline:
                    raise
            await asyncio.sleep(_WAL_PAUSE_S)


def carried_through(noun: type[Noun]) -> type[Noun]:
    """Run every public coroutine of a class with a `_database` to its end, once begun.

    One that PostgreSQL ended so that others could go on is run once more: it has changed nothing.
    """
    for name, method in list(vars(noun).items()):
        if iscoroutinefunction(method) and not name.startswith("_"):
            setattr(noun, name, _carried_through(method))
    return noun


def _carried_through(
    method: Callable[..., Coroutine[object, object, Result]],
) -> Callable[..., Coroutine[object, object, Result]]:
    @wraps(method)
    async def run(noun: Any, *args: object, **kwargs: object) -> Result:
        database: Database = noun._database
        try:
            return await database.carry_through(method(noun, *args, **kwargs))
        except StoreError as error:
            if not _has_lost_a_race(error.__cause__):
                raise
        return await database.carry_through(method(noun, *args, **kwargs))

    return run


def _has_lost_a_race(error: BaseException | None) -> bool:
    driver_s = error.orig if isinstance(error, DBAPIError) else None
    return getattr(driver_s, "sqlstate", None) in _LOST_RACES


def insert_or_skip(connection: AsyncConnection, table: Table) -> Insert:
    """Insert rows, leaving out those that break a unique constraint."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def _sqlite_code(error: BaseException | None) -> str:
    # sqlite_errorname is SQLITE_READONLY_DIRECTORY and the like; the first two words are the class.
    name = error.sqlite_errorname if isinstance(error, sqlite3.Error) else ""
    return "_".join(name.split("_")[:2])


def _complaint(error: BaseException | None) -> str:
    plain = _SQLITE_COMPLAINTS.get(_sqlite_code(error))
    return plain or f"the database refused: {str(error).splitlines()[0]}"
