"""The connection to the history database: engine, pragmas, transactions, errors in plain words.

Knows SQLite and PostgreSQL, and nothing about what is stored.
"""

import asyncio
import importlib.util
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Insert, Table, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import AdaptedConnection, DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import StoreError

BUSY_TIMEOUT_S = 5.0  # how long a writer waits for another process to finish its transaction
CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 30.0

# WAL: readers and the writer do not wait for each other. With it, synchronous=NORMAL loses nothing
# when the process is killed, because a commit is already in the operating system's cache; only a
# power cut may take the last commits, and even then the file stays whole. secure_delete overwrites
# what opted-out people said instead of leaving it in free pages.
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
# isolation_level None: the driver begins no transaction by itself.
_SQLITE_ARGS = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None}
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


Result = TypeVar("Result")
Noun = TypeVar("Noun")


class Database:
    """One engine for one URL: `sqlite:///file` or `postgresql://...`, with or without a driver.

    Connects when first used. Every method raises StoreError that says what to do.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_async_driver(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.name = self.url.render_as_string(hide_password=True)
        if self.is_sqlite:
            self.reader, self.writer = _sqlite_reader(self.url), _sqlite_writer(self.url)
        else:
            self.reader = self.writer = _postgresql_engine(self.url)
        self._running: set[asyncio.Task[object]] = set()

    async def connect(self) -> None:
        """Make the folder of an SQLite file, and the first connection."""
        with self.told_plainly():
            if self.is_sqlite:
                _make_folder(self.url.database or "")
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
    """Run every public coroutine of a class with a `_database` to its end, once begun."""
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
        return await database.carry_through(method(noun, *args, **kwargs))

    return run


def insert_or_skip(connection: AsyncConnection, table: Table) -> Insert:
    """Insert rows, leaving out those that break a unique constraint."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def _with_async_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (
        ArgumentError,
        ValueError,
    ) as error:  # its text holds the URL, and that may hold a password
        raise StoreError("the database URL cannot be read: write sqlite:///path/file.db") from error
    backend = "postgresql" if parsed.drivername == "postgres" else parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise StoreError(
            f"the database {backend} is not supported: use sqlite:/// or postgresql://"
        )
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("the history needs a file: write sqlite:///path/file.db")
    if backend == "postgresql" and importlib.util.find_spec("asyncpg") is None:
        raise StoreError("PostgreSQL needs another package: pip install 'earshot[postgres]'")
    # libpq and every hosting provider say sslmode, asyncpg says ssl; the values are the same.
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    return parsed.set(drivername=_DRIVERS[backend], query=query)


def _make_folder(file: str) -> None:
    if not file.startswith("file:"):  # SQLite's own URIs are for who knows where their file is
        Path(file).parent.mkdir(parents=True, exist_ok=True)


def _sqlite_reader(url: URL) -> AsyncEngine:
    # Without transactions: every read is one query, and BEGIN and ROLLBACK would cost more than it.
    engine = create_async_engine(
        url,
        connect_args=_SQLITE_ARGS,
        skip_autocommit_rollback=True,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _sqlite_writer(url: URL) -> AsyncEngine:
    # SQLite has one writer at a time: they queue for the one connection, which is fair and at once.
    engine = create_async_engine(
        url,
        connect_args=_SQLITE_ARGS,
        pool_size=1,
        max_overflow=0,
        pool_reset_on_return=None,  # `writing` has committed or rolled back
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        connect_args={"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S},
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _set_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    try:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        connection.close()  # nobody else would, and the driver's thread would stay
        raise


def _begin(connection: Connection) -> None:
    # IMMEDIATE takes the lock at once: a reader that turns writer midway cannot wait for it.
    # Straight to the driver: a cursor would need three turns of its thread, 0.1 ms each, not one.
    adapted = cast("AdaptedConnection", connection.connection.dbapi_connection)
    adapted.run_async(lambda driver: driver.execute("BEGIN IMMEDIATE"))


def _sqlite_code(error: BaseException | None) -> str:
    # sqlite_errorname is SQLITE_READONLY_DIRECTORY and the like; the first two words are the class.
    name = error.sqlite_errorname if isinstance(error, sqlite3.Error) else ""
    return "_".join(name.split("_")[:2])


def _complaint(error: BaseException | None) -> str:
    plain = _SQLITE_COMPLAINTS.get(_sqlite_code(error))
    return plain or f"the database refused: {str(error).splitlines()[0]}"
