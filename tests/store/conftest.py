"""Databases for the tests: a SQLite file and a real PostgreSQL, both made by the migrations."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import Store
from bot.store.tables import metadata
from tests.postgresql import running_server, server_url

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "history.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Give the folder of the server's socket; it listens nowhere else."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_history(postgresql_server: str) -> str:
    """Give the name of a database that the migrations made; the tests empty it one after another."""
    asyncio.run(_sql(postgresql_server, "CREATE DATABASE history"))
    asyncio.run(_migrate(server_url(postgresql_server, "history")))
    return "history"


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without tables."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path}/history.db"
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{next(_numbers)}"
    asyncio.run(_sql(server, f"CREATE DATABASE {name}"))
    return server_url(server, name)


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database that the migrations made and that holds nothing."""
    if backend == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "history.db")
        return f"sqlite:///{tmp_path}/history.db"
    name = request.getfixturevalue("postgresql_history")
    server = request.getfixturevalue("postgresql_server")
    tables = ", ".join(metadata.tables)
    asyncio.run(_sql(server, f"TRUNCATE {tables} RESTART IDENTITY", database=name))
    return server_url(server, name)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    try:
        yield store
    finally:
        await store.close()


async def _migrate(url: str) -> None:
    await (await Store.open(url)).close()


async def _sql(server: str, statement: str, *, database: str = "postgres") -> None:
    import asyncpg

    connection = await asyncpg.connect(host=server, user="earshot", database=database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
