"""The ways to reach a database: its URL, its engines, and what each connection is told first.

Knows the drivers, aiosqlite and asyncpg, and nothing about what is stored.
"""

import importlib.util
import sqlite3
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import AdaptedConnection, DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from bot.errors import StoreError
from inference.wire.extras import install

BUSY_TIMEOUT_S = 5.0  # how long a writer waits for another process to finish its transaction
CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 30.0
# What a machine held that went away without a word is free after a minute, not after two hours.
_NOTICED_SOON = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

# WAL: readers and the writer do not wait for each other. With it, synchronous=NORMAL loses nothing
# when the process is killed, because a commit is already in the operating system's cache; only a
# power cut may take the last commits, and even then the file stays whole. secure_delete overwrites
# what opted-out people said instead of leaving it in free pages. Half a megabyte of pages a connection
# (cache_size counts KiB below zero) instead of two: the operating system has the rest at hand, and
# six connections would let the process grow by 12 MB while the file does.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "cache_size=-512",
)

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
# isolation_level None: the driver begins no transaction by itself.
_SQLITE_ARGS = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None}


def with_async_driver(url: str) -> URL:
    """Read a URL of any spelling, and give it the driver that Earshot uses; raises StoreError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Without the cause: its text may hold the URL, and that a password.
        raise StoreError("the database URL cannot be read: write sqlite:///path/file.db") from None
    backend = "postgresql" if parsed.drivername == "postgres" else parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise StoreError(
            f"the database {backend} is not supported: use sqlite:/// or postgresql://"
        )
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("the history needs a file: write sqlite:///path/file.db")
    if backend == "postgresql" and importlib.util.find_spec("asyncpg") is None:
        raise StoreError(f"PostgreSQL needs another package: {install('postgres')}")
    # libpq and every hosting provider say sslmode, asyncpg says ssl; the values are the same.
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    return parsed.set(drivername=_DRIVERS[backend], query=query)


def reach(file: str) -> None:
    """Make the folder of an SQLite file and the file; raises OSError or sqlite3.Error."""
    if file.startswith("file:"):  # SQLite's own URIs are for those who know where their file is
        return
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    # The async driver leaves a thread behind when it cannot open a file: the plain one tries first.
    sqlite3.connect(file).close()


def sqlite_reader(url: URL) -> AsyncEngine:
    """Give an engine whose connections read without transactions.

    Every read is one query, and BEGIN and ROLLBACK would cost more than it.
    """
    engine = create_async_engine(
        url,
        connect_args=_SQLITE_ARGS,
        skip_autocommit_rollback=True,
        hide_parameters=True,  # an error must not carry people's messages into the log
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def sqlite_writer(url: URL) -> AsyncEngine:
    """Give an engine with one connection, on which the writers take turns.

    SQLite has one writer at a time. Queueing for the connection is fair and at once, waiting for
    the file's lock is a poll.
    """
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


def postgresql_engine(url: URL) -> AsyncEngine:
    """Give an engine that reads and writes, and notices a server that went away."""
    return create_async_engine(
        url,
        connect_args={"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S},
        pool_pre_ping=True,
        hide_parameters=True,
    )


def session_engine(url: URL) -> AsyncEngine:
    """Give an engine whose connections are sessions of their own, ended when they are closed."""
    return create_async_engine(
        url,
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": {"application_name": "earshot turns"} | _NOTICED_SOON,
        },
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
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
