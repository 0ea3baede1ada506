"""Two stores on one PostgreSQL are two processes; a store on a file is alone."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.store.database import Database
from bot.store.turns import Turns
from tests.store.samples import ROOM, THREAD
from tests.waiting import WITHIN_S

TAKE_AND_STAY = """
import asyncio, sys
from bot.store import Store
from tests.store.samples import ROOM

async def main():
    store = await Store.open(sys.argv[1])
    async with store.turns.alone(ROOM):
        print("mine", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
KILL_SESSIONS = (
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
    " WHERE application_name = 'earshot turns' AND datname = current_database()"
)


@pytest.fixture
async def other(url: str) -> AsyncIterator[Store]:
    """Be another process on the same database."""
    other = await Store.open(url)
    try:
        yield other
    finally:
        await other.close()


@pytest.fixture
def postgresql_only(backend: str) -> None:
    if backend != "postgresql":
        pytest.skip("an SQLite file belongs to one process")


async def _is_free(store: Store) -> bool:
    async with store.turns.if_free(ROOM) as is_ours:
        return is_ours


async def _kill_sessions(url: str) -> None:
    database = Database(url)
    async with database.writing() as connection:
        await connection.exec_driver_sql(KILL_SESSIONS)
    await database.close()


async def test_a_turn_is_free_for_all_of_one_process(store: Store) -> None:
    async with store.turns.alone(ROOM) as was_taken, store.turns.if_free(ROOM) as is_ours:
        async with store.turns.alone(ROOM):
            pass

        assert (was_taken, is_ours) == (False, True)


@pytest.mark.usefixtures("postgresql_only")
async def test_another_process_has_no_turn_until_the_last_of_the_first_is_done(
    store: Store, other: Store
) -> None:
    async with store.turns.alone(ROOM):
        async with store.turns.alone(ROOM):
            assert not await _is_free(other)
        assert not await _is_free(other)
        async with other.turns.if_free(THREAD) as is_ours:
            assert is_ours

    assert await _is_free(other)


@pytest.mark.usefixtures("postgresql_only")
async def test_who_waits_is_told_that_another_was_first(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait() -> bool:
        async with other.turns.alone(ROOM) as was_taken:
            return was_taken

    async def looks(key: int) -> bool:
        is_ours = await take(key)
        has_looked.set()
        return is_ours

    take, has_looked = other.turns._take, asyncio.Event()
    monkeypatch.setattr(other.turns, "_take", looks)
    async with store.turns.alone(ROOM):
        waiting = asyncio.create_task(wait())
        await has_looked.wait()
        assert not waiting.done()

    assert await waiting


@pytest.mark.usefixtures("postgresql_only")
async def test_who_gives_up_waiting_or_asking_leaves_the_turn_free(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait() -> None:
        async with other.turns.alone(ROOM):
            await asyncio.Event().wait()

    async def looks(key: int) -> bool:
        is_ours = await take(key)
        has_looked.set()
        return is_ours

    take, has_looked = other.turns._take, asyncio.Event()
    async with store.turns.alone(ROOM):
        with monkeypatch.context() as looked_at:
            looked_at.setattr(other.turns, "_take", looks)
            waiting = asyncio.create_task(wait())
            await has_looked.wait()
            waiting.cancel()
    for num_steps in range(12):  # at each point on the way to it, and in it
        waiting = asyncio.create_task(wait())
        for _ in range(num_steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    async with store.turns.alone(ROOM):
        pass
    async with other.turns.alone(ROOM):
        assert not await _is_free(store)


@pytest.mark.usefixtures("postgresql_only")
async def test_the_turn_of_a_killed_process_is_free_at_once(store: Store, url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TAKE_AND_STAY, url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"mine\n"
    assert not await _is_free(store)

    process.kill()
    await process.wait()

    async with asyncio.timeout(WITHIN_S), store.turns.alone(ROOM):
        pass
    assert await process.stdout.read() == b""


@pytest.mark.usefixtures("postgresql_only")
async def test_a_turn_whose_connection_breaks_is_taken_anew(
    store: Store, other: Store, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.turns.alone(ROOM):
        await _kill_sessions(url)
        async with store.turns.alone(THREAD):
            pass  # notices it, if the driver has not told yet
        if (mending := store.turns._mending) is not None:
            await asyncio.wait_for(mending, WITHIN_S)

        assert not await _is_free(other)

    assert await _is_free(other)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == [
        "the database connection that held 1 turns is gone: they are taken anew"
    ]


@pytest.mark.usefixtures("postgresql_only")
async def test_an_idle_connection_that_breaks_is_no_news(
    store: Store, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.turns.alone(ROOM):
        pass
    await _kill_sessions(url)

    async with store.turns.alone(ROOM):
        pass

    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@pytest.mark.usefixtures("postgresql_only")
async def test_a_database_that_is_not_reached_is_told_as_such(url: str) -> None:
    turns = Turns(Database(url.replace("/pg", "/no-such-folder/pg")))

    with pytest.raises(StoreError, match="cannot be reached"):
        async with turns.alone(ROOM):
            pass

    await turns.close()


@pytest.mark.usefixtures("postgresql_only")
async def test_turns_do_not_mix_up_places(store: Store, other: Store) -> None:
    async with store.turns.alone(replace(ROOM, channel="kitchen/cake")):
        assert await _is_free(other)
