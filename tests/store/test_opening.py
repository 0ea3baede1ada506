import asyncio
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

import migrations
from bot.errors import StoreError
from bot.store import Store, schema, upgrade
from bot.store.database import Database
from bot.store.tables import metadata
from tests.store.samples import ROOM, message

HEAD = "2026_11_22_reply_places"
NEXT_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "2099_01_01_moods"
down_revision = "{HEAD}"
branch_labels = depends_on = None

def upgrade():
    op.create_table("moods", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("speakers") as speakers:
        speakers.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
"""
OPEN_ONCE = """
import asyncio, sys
from bot.store import Store

async def main():
    sys.stdin.readline()
    await (await Store.open(sys.argv[1])).close()

asyncio.run(main())
"""


async def _tables(url: str) -> set[str]:
    database = Database(url)
    async with database.reading() as connection:
        names = await connection.run_sync(lambda it: inspect(it).get_table_names())
    await database.close()
    return set(names)


async def _run(url: str, statement: str) -> None:
    database = Database(url)
    async with database.writing() as connection:
        await connection.execute(text(statement))
    await database.close()


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be an Earshot that has one migration more; gives the file of that migration."""
    folder = tmp_path / "next" / "migrations"
    shutil.copytree(migrations.__path__[0], folder)
    file = folder / "versions" / "2099_01_01_moods.py"
    file.write_text(NEXT_MIGRATION)
    monkeypatch.setattr(migrations, "__path__", [str(folder)])
    return file


@pytest.fixture
def broken_next_version(next_version: Path) -> None:
    next_version.write_text(NEXT_MIGRATION + "    op.execute('SELECT no_such_function()')\n")


async def test_the_migrations_make_exactly_the_tables(empty_url: str) -> None:
    store = await Store.open(empty_url)
    await store.close()

    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    database = Database(empty_url)
    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_an_existing_database_is_opened_as_it_is(url: str) -> None:
    store = await Store.open(url)
    await store.messages.record(message())
    await store.close()

    store = await Store.open(url)

    assert await store.messages.find(ROOM, "m1")
    await store.close()


async def test_several_processes_may_open_an_absent_database_at_once(empty_url: str) -> None:
    pipes = {"stdin": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    command = (sys.executable, "-W", "error", "-c", OPEN_ONCE, empty_url)
    processes = [await asyncio.create_subprocess_exec(*command, **pipes) for _ in range(3)]

    ends = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))

    assert [stderr for _, stderr in ends] == [b""] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert set(metadata.tables) < await _tables(empty_url)


async def test_two_stores_may_open_an_absent_database_at_once(empty_url: str) -> None:
    stores = await asyncio.gather(*(Store.open(empty_url) for _ in range(4)))

    for store in stores:
        await store.close()
    assert set(metadata.tables) < await _tables(empty_url)


async def test_an_older_database_is_refused_with_the_command_to_run(
    url: str, next_version: Path
) -> None:
    with pytest.raises(StoreError, match=r"older Earshot.*earshot db upgrade"):
        await Store.open(url)

    assert "moods" not in await _tables(url)


async def test_an_older_database_opens_after_the_upgrade(
    empty_url: str, request: pytest.FixtureRequest
) -> None:
    store = await Store.open(empty_url)
    await store.messages.record(message())
    await store.close()
    request.getfixturevalue("next_version")

    await upgrade(empty_url)

    assert "moods" in await _tables(empty_url)
    store = await Store.open(empty_url)
    assert await store.messages.find(ROOM, "m1")
    await store.close()


async def test_a_database_of_a_newer_version_is_refused(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, next_version: Path
) -> None:
    await upgrade(empty_url)
    monkeypatch.undo()

    with pytest.raises(StoreError, match=r"newer Earshot \(revision 2099_01_01_moods\)"):
        await Store.open(empty_url)
    with pytest.raises(StoreError, match="newer Earshot"):
        await upgrade(empty_url)


async def test_an_upgrade_that_fails_changes_nothing(
    empty_url: str, request: pytest.FixtureRequest
) -> None:
    await upgrade(empty_url)
    request.getfixturevalue("broken_next_version")

    with pytest.raises(StoreError):
        await upgrade(empty_url)

    assert "moods" not in await _tables(empty_url)
    with pytest.raises(StoreError, match=f"revision {HEAD}"):
        await Store.open(empty_url)


async def test_an_upgrade_of_what_is_at_head_changes_nothing(url: str) -> None:
    store = await Store.open(url)
    await store.messages.record(message())
    await store.close()
    tables = await _tables(url)

    await upgrade(url)
    await upgrade(url)

    store = await Store.open(url)
    assert await store.messages.count(ROOM) == 1
    assert await _tables(url) == tables
    await store.close()


async def test_an_upgrade_creates_an_absent_database(empty_url: str) -> None:
    await upgrade(empty_url)

    await (await Store.open(empty_url)).close()


async def test_a_database_with_other_tables_is_left_alone(empty_url: str) -> None:
    await _run(empty_url, "CREATE TABLE invoices (id INTEGER)")

    with pytest.raises(StoreError, match="one of its own"):
        await Store.open(empty_url)
    with pytest.raises(StoreError, match="one of its own"):
        await upgrade(empty_url)

    assert await _tables(empty_url) == {"invoices"}


async def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/with space/50%25 done/history.db")

    await store.close()
    assert (tmp_path / "with space" / "50% done" / "history.db").exists()


async def test_the_migrations_are_found_in_a_folder_with_a_percent_sign(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "100%" / "migrations"
    shutil.copytree(migrations.__path__[0], folder)
    monkeypatch.setattr(migrations, "__path__", [str(folder)])

    store = await Store.open(f"sqlite:///{tmp_path}/history.db")

    await store.close()


async def test_an_empty_file_is_an_absent_database(tmp_path: Path) -> None:
    (tmp_path / "history.db").touch()

    store = await Store.open(f"sqlite:///{tmp_path}/history.db")

    await store.close()


async def test_a_sqlite_file_is_written_ahead_and_checks_its_references(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    store = await Store.open(f"sqlite:///{file}")

    async with store._database.writing() as connection:
        keys = (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar()

    assert keys == 1
    await store.close()
    plain = sqlite3.connect(file)
    assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


async def test_the_first_migration_can_be_taken_back(empty_url: str) -> None:
    def downgrade(connection: Connection) -> None:
        config = schema._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    await upgrade(empty_url)
    database = Database(empty_url)

    async with database.writing() as connection:
        await connection.run_sync(downgrade)

    await database.close()
    assert await _tables(empty_url) == {"alembic_version"}
