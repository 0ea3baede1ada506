from dataclasses import replace

from bot.messages import workspace_key
from bot.store import Store
from tests.store.samples import (
    EARSHOT,
    ROOM,
    SILENT,
    SPEAK,
    START,
    THREAD,
    kept_with,
    later,
    message,
    reply,
)

DAY = 24 * 60


async def _said_and_decided(store: Store, id: str, at_minutes: float) -> int:
    await store.messages.record(message(id, sent_at=later(at_minutes)))
    entry = await store.messages.find(ROOM, id)
    assert entry is not None
    at = later(at_minutes)
    return (await store.decisions.keep(ROOM, [entry.row], SPEAK, **kept_with(at=at))).id


async def test_without_retention_nothing_is_removed(store: Store) -> None:
    await store.messages.record(message())
    await store.channels.change(ROOM, eagerness=5, at=START)

    assert await store.messages.purge(later(9999 * DAY)) == 0

    assert len(await store.messages.recent(ROOM, limit=10)) == 1


async def test_what_is_older_than_the_channel_keeps_it_is_removed(store: Store) -> None:
    await store.channels.change(ROOM, retention_days=7)
    await _said_and_decided(store, "old", 0)
    new = await _said_and_decided(store, "new", 2 * DAY)

    assert await store.messages.purge(later(8 * DAY)) == 1

    assert [entry.id for entry in await store.messages.recent(ROOM, limit=10)] == ["new"]
    assert [kept.id for kept in await store.decisions.last(ROOM, 10)] == [new]


async def test_threads_are_purged_with_their_channel_and_others_are_not(store: Store) -> None:
    await store.channels.change(ROOM, retention_days=7)
    other = replace(ROOM, channel="garden")
    for where in (ROOM, THREAD, other):
        await store.messages.record(message(conversation=where))

    assert await store.messages.purge(later(8 * DAY)) == 2

    assert len(await store.messages.recent(other, limit=10)) == 1


async def test_a_workspace_s_retention_holds_where_a_channel_chose_none(store: Store) -> None:
    hall, garden = replace(ROOM, channel="hall"), replace(ROOM, channel="garden")
    await store.channels.change(workspace_key("room", "home"), retention_days=7)
    await store.channels.change(hall, retention_days=None)
    await store.channels.change(garden, retention_days=30)
    elsewhere = replace(ROOM, workspace="office")
    for where in (ROOM, THREAD, hall, garden, elsewhere):
        await store.messages.record(message(conversation=where))

    assert await store.messages.purge(later(8 * DAY)) == 2

    for where in (hall, garden, elsewhere):
        assert await store.messages.count(where) == 1


async def test_replies_of_that_time_leave_the_outbox_too(store: Store) -> None:
    await store.channels.change(ROOM, retention_days=7)
    decision_id = await _said_and_decided(store, "old", 0)
    await store.outbox.add(reply("k1", decision_id=decision_id))
    await store.outbox.posted("k1", message_id="r1", author=EARSHOT, at=later(1))
    await store.outbox.add(reply("k2", created_at=later(1)))

    assert await store.messages.purge(later(8 * DAY)) == 2

    assert await store.outbox.pending("room") == []
    assert await store.decisions.last(ROOM, 10) == []


async def test_a_decision_stays_as_long_as_a_message_of_its_burst(store: Store) -> None:
    await store.channels.change(ROOM, retention_days=7)
    await store.messages.record_all([message("m1"), message("m2", sent_at=later(2 * DAY))])
    rows = [entry.row for entry in await store.messages.recent(ROOM, limit=2)]
    await store.decisions.keep(ROOM, rows, SILENT, **kept_with())

    await store.messages.purge(later(8 * DAY))

    assert await store.messages.waiting("room") == []
    assert len(await store.decisions.last(ROOM, 10)) == 1
