"""Databases for the tests: a SQLite file and a real PostgreSQL, both made by the migrations."""

import asyncio
import grp
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import Store
from bot.store.tables import metadata

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "history.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Give the folder of the server's socket; it listens nowhere else."""
    programs = _postgresql_programs()
    if programs is None or importlib.util.find_spec("asyncpg") is None:
        pytest.skip("no PostgreSQL server (initdb, pg_ctl) or no asyncpg is installed")
    folder = tempfile.mkdtemp(prefix="pg")
    owner = _owner()
    if owner:
        shutil.chown(folder, owner["user"], owner["group"])
    run = {"check": True, "capture_output": True, "cwd": folder, **owner}
    cluster = f"{folder}/data"
    subprocess.run(
        [programs / "initdb", "-D", cluster, "-U", "earshot", "-A", "trust", "-N"], **run
    )
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c autovacuum=off"
    log = f"{folder}/log"
    subprocess.run([programs / "pg_ctl", "-D", cluster, "-l", log, "-o", options, "start"], **run)
    try:
        yield folder
    finally:
        subprocess.run([programs / "pg_ctl", "-D", cluster, "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_history(postgresql_server: str) -> str:
    """Give the name of a database that the migrations made; the tests empty it one after another."""
    asyncio.run(_sql(postgresql_server, "CREATE DATABASE history"))
    asyncio.run(_migrate(postgresql_url(postgresql_server, "history")))
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
    return postgresql_url(server, name)


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
    return postgresql_url(server, name)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    try:
        yield store
    finally:
        await store.close()


def postgresql_url(server: str, name: str) -> str:
    return f"postgresql://earshot@/{name}?host={server}"


async def _migrate(url: str) -> None:
    await (await Store.open(url)).close()


async def _sql(server: str, statement: str, *, database: str = "postgres") -> None:
    import asyncpg

    connection = await asyncpg.connect(host=server, user="earshot", database=database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _postgresql_programs() -> Path | None:
    asked = shutil.which("pg_config")
    folders = [
        *([subprocess.check_output([asked, "--bindir"], text=True).strip()] if asked else []),
        *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
        *([str(Path(found).parent)] if (found := shutil.which("initdb")) else []),
    ]
    for folder in map(Path, folders):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


def _owner() -> dict[str, object]:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        group = grp.getgrgid(user.pw_gid).gr_name
        return {"user": name, "group": group, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no other user to run it as")
