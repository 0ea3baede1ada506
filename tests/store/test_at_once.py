"""Many writers at once on PostgreSQL: nobody waits for each other in a circle, and nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages import Author, FeedbackKind, workspace_key
from bot.store import Store, intake
from bot.store.conversations import ensured_ids
from tests.store.erasing import erased
from tests.store.samples import (
    EARSHOT,
    ROOM,
    SPEAK,
    START,
    THREAD,
    kept_with,
    later,
    message,
    reply,
)

DAY = 24 * 60
WORKSPACE = workspace_key("room", "home")
PLACES = [ROOM, THREAD, replace(ROOM, channel="hall"), replace(ROOM, channel="attic")]
PEOPLE = [Author(str(n), f"Person {n}") for n in range(5)]

# SQLite has one writer at a time.
pytestmark = pytest.mark.parametrize("backend", ["postgresql"])


async def test_a_conversation_that_is_no_longer_remembered_is_still_written_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_PLACES", 0)
    await store.messages.record(message("m1"))
    is_midway, may_go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*args):
        found = await ensured_ids(*args)
        if not is_midway.is_set():
            is_midway.set()
            await may_go_on.wait()
        return found

    monkeypatch.setattr(intake, "ensured_ids", slowly)
    both = [message("m2"), message("m3", conversation=THREAD)]
    writing = asyncio.create_task(store.messages.record_all(both))
    await is_midway.wait()
    await store.messages.record(message("m4", sent_at=later(1)))
    may_go_on.set()

    assert await writing == 2


async def test_nobody_fails_while_others_clear_purge_forget_and_erase(url: str) -> None:
    """Each writer as often as it takes for the others to cross it, in two processes' manner."""
    stores = [await Store.open(url) for _ in range(2)]
    first, second = stores

    async with asyncio.TaskGroup() as writers:
        for name, store in zip("ab", stores, strict=True):
            writers.create_task(_talk(store, name))
            writers.create_task(_decide(store))
            writers.create_task(_answer(store, name))
            writers.create_task(_clear(store))
        writers.create_task(_forget(first))
        writers.create_task(_erase(second))

    for store in stores:
        await store.close()


async def test_who_is_ended_so_that_another_can_go_on_is_run_again(
    store: Store, postgresql_server: str
) -> None:
    import asyncpg

    await store.messages.record(message())
    other = await asyncpg.connect(host=postgresql_server, user="earshot", database="history")
    await other.execute("SET deadlock_timeout = '1h'")  # so that the store is the one to end
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT 1 FROM messages FOR UPDATE")

    clearing = asyncio.create_task(store.messages.clear(ROOM))
    while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    await other.execute("SELECT 1 FROM conversations FOR UPDATE")
    await transaction.rollback()

    assert await clearing == 1
    await other.close()


async def _talk(store: Store, name: str) -> None:
    for turn in range(40):
        said = [
            message(
                f"{name}{turn}-{n}",
                conversation=PLACES[n % len(PLACES)],
                author=PEOPLE[(turn + n) % len(PEOPLE)],
                sent_at=later(-2 * DAY * (n % 2)),
            )
            for n in range(9)
        ]
        await store.messages.record_all(said)


async def _decide(store: Store) -> None:
    for _ in range(40):
        if recent := await store.messages.recent(ROOM, limit=5):
            rows = [entry.row for entry in recent]
            kept = await store.decisions.keep(ROOM, rows, SPEAK, **kept_with(at=later(-2 * DAY)))
            liked = FeedbackKind.LIKED
            await store.feedback.give(ROOM, kept.id, liked, author_id="1", at=later(0))


async def _answer(store: Store, name: str) -> None:
    for turn in range(40):
        key = f"{name}{turn}"
        last = await store.decisions.last(ROOM, 1)
        item = reply(
            key,
            decision_id=last[0].id if last else None,
            created_at=later(-2 * DAY * (turn % 2)),
        )
        await store.outbox.begin(item)
        await store.outbox.part_posted(key, 0, f"r{key}")
        await store.outbox.add(item)
        await store.outbox.posted(key, message_id=f"r{key}", author=EARSHOT, at=later(-2 * DAY))


async def _clear(store: Store) -> None:
    for _ in range(20):
        await store.messages.purge(later(0))
        await store.messages.clear_channel(ROOM)


async def _forget(store: Store) -> None:
    for turn in range(20):
        person = PEOPLE[turn % len(PEOPLE)]
        await store.speakers.forget("room", "home", person.id, at=START)
        await store.speakers.opt_out("room", "home", person)
        await store.speakers.opt_in("room", "home", person.id, at=START)


async def _erase(store: Store) -> None:
    for _ in range(20):
        await store.workspaces.left("room", "home", at=later(-1))
        await erased(store, later(0), grace=timedelta())
        await store.channels.change(WORKSPACE, retention_days=1)
