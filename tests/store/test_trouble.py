"""What goes wrong outside: each gets a sentence that says what to do, and leaves nothing half done."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import Store, database, engines
from bot.store.database import Database
from tests.store.samples import ROOM, THREAD, message, reply


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a lock no longer than a test should last."""
    monkeypatch.setitem(engines._SQLITE_ARGS, "timeout", 0.05)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)


async def _limit_pages(store: Store, num_pages: int) -> None:
    async with store._database.writing() as connection:
        await connection.exec_driver_sql(f"PRAGMA max_page_count={num_pages}")


async def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/history.db")
    await _limit_pages(store, 50)
    acknowledged = []

    async def flood() -> None:
        for number in range(1000):
            await store.messages.record(message(f"m{number}", "x" * 1000))
            acknowledged.append(f"m{number}")

    with pytest.raises(StoreError, match="disk is full"):
        await flood()

    assert len(acknowledged) > 3
    recent = await store.messages.recent(ROOM, limit=1000)
    assert [entry.id for entry in recent] == acknowledged
    await _limit_pages(store, 1_000_000)
    assert await store.messages.record(message("after"))
    await store.close()


async def test_a_full_disk_is_told_to_everyone_whose_message_it_hit(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/history.db")
    await _limit_pages(store, 50)

    ends = await asyncio.gather(
        *(store.messages.record(message(f"m{number}", "x" * 9000)) for number in range(50)),
        return_exceptions=True,
    )

    assert {type(end) for end in ends} == {StoreError}
    assert await store.messages.recent(ROOM, limit=100) == []
    await store.close()


async def test_a_disk_that_is_full_at_once_leaves_no_half_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    with monkeypatch.context() as patch:
        patch.setattr(engines, "PRAGMAS", (*engines.PRAGMAS, "max_page_count=8"))
        with pytest.raises(StoreError, match="disk is full"):
            await Store.open(url)

    store = await Store.open(url)

    assert await store.messages.record(message())
    await store.close()


async def test_a_locked_database_is_told_and_works_again_afterwards(
    tmp_path: Path, impatient: None
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/history.db")
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="locked"):
        await store.messages.record(message())

    other.execute("ROLLBACK")
    other.close()
    assert await store.messages.record(message())
    await store.close()


async def test_a_database_that_stays_locked_cannot_be_opened(
    tmp_path: Path, impatient: None
) -> None:
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreError, match="locked"):
        await Store.open(f"sqlite:///{tmp_path}/history.db")

    other.close()


async def test_a_database_that_is_unlocked_meanwhile_is_opened(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    asyncio.get_running_loop().call_later(0.1, other.close)

    store = await Store.open(f"sqlite:///{tmp_path}/history.db")

    await store.close()


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "diary.txt"
    file.write_text("Dear diary, " * 100)

    with pytest.raises(StoreError, match="not an SQLite database"):
        await Store.open(f"sqlite:///{file}")

    assert file.read_text() == "Dear diary, " * 100


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    await (await Store.open(f"sqlite:///{file}")).close()
    file.write_bytes(file.read_bytes()[:100] + b"\xff" * 50_000)

    with pytest.raises(StoreError, match=r"damaged.*history\.db"):
        await Store.open(f"sqlite:///{file}")


async def test_a_database_that_may_not_be_written_is_told(migrated_file: Path) -> None:
    with pytest.raises(StoreError, match="read-only"):
        await Store.open(f"sqlite:///file:{migrated_file}?mode=ro&uri=true")


async def test_a_folder_in_the_file_s_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open(f"sqlite:///{tmp_path}")


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=r"cannot be reached: .*/file"):
        await Store.open(f"sqlite:///{tmp_path}/file/history.db")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "cannot be read"),
        ("history.db", "cannot be read"),
        ("postgresql://me:swordfish@host:port/name", "cannot be read"),
        ("mysql://me:swordfish@host/name", "mysql is not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
async def test_a_url_that_names_no_history_is_refused(url: str, what: str) -> None:
    with pytest.raises(StoreError, match=what) as refused:
        await Store.open(url)

    assert "swordfish" not in str(refused.value)


async def test_an_unknown_option_of_the_url_is_named() -> None:
    with pytest.raises(StoreError, match=r"unknown option: .*speed"):
        await Store.open("postgresql://127.0.0.1:1/name?speed=11")


async def test_without_the_driver_postgresql_is_refused_with_the_command_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(StoreError, match=r"pip install '\.\[postgres\]' in your copy of Earshot"):
        await Store.open("postgresql://host/name")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_the_async_driver(scheme: str) -> None:
    url = Database(f"{scheme}://me@host/name?sslmode=require").url

    assert (url.drivername, url.query) == ("postgresql+asyncpg", {"ssl": "require"})


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(StoreError, match=r"cannot be reached.*me:\*\*\*@127\.0\.0\.1") as refused:
        await Store.open("postgresql://me:swordfish@127.0.0.1:1/name")

    assert "swordfish" not in str(refused.value)


async def test_a_server_without_the_database_says_so(postgresql_server: str) -> None:
    with pytest.raises(StoreError, match='"attic" does not exist'):
        await Store.open(f"postgresql://earshot@/attic?host={postgresql_server}")


async def test_what_people_said_is_in_no_error(url: str) -> None:
    store = await Store.open(url)

    with pytest.raises(StoreError) as failed:
        await store.outbox.add(reply(text="swordfish", created_at=None))

    assert "swordfish" not in f"{failed.value} {failed.value.__cause__}"
    await store.close()


async def test_a_store_survives_a_caller_that_gives_up_amid_a_write(url: str) -> None:
    store = await Store.open(url)
    for num_steps in range(60):
        # Another conversation: on SQLite what was given up goes on, and may end last.
        moving = asyncio.create_task(store.messages.move_window(THREAD, 1))
        for _ in range(num_steps):
            await asyncio.sleep(0)
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)

    await store.messages.move_window(ROOM, 7)

    assert await store.messages.window(ROOM) == 7
    await store.close()
