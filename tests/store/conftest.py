"""Every test of the history runs twice: on a SQLite file and on a real PostgreSQL."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store
from tests.postgresql import run_sql, server_url

_numbers = itertools.count(1)


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
    asyncio.run(run_sql(server, f"CREATE DATABASE {name}"))
    return server_url(server, name)


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest) -> str:
    """Give the URL of a database that the migrations made and that holds nothing."""
    return str(request.getfixturevalue("database_url" if backend == "sqlite" else "postgresql_url"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    try:
        yield store
    finally:
        await store.close()
