"""Where a message stands, when only its channel is told."""

from dataclasses import replace

from bot.store import Store
from tests.store.samples import ROOM, START, THREAD, message


async def test_a_message_is_found_in_its_channel_and_its_threads(store: Store) -> None:
    for where in (ROOM, THREAD, replace(ROOM, channel="hall")):
        await store.messages.record(message("m1", conversation=where))
    await store.messages.record(message("m2", conversation=THREAD))

    assert await store.messages.places_with(ROOM, "m1") == [ROOM, THREAD]
    assert await store.messages.places_with(ROOM, "m2") == [THREAD]
    assert await store.messages.places_with(ROOM, "m3") == []


async def test_a_message_that_was_deleted_is_found(store: Store) -> None:
    await store.messages.record(message("m1", conversation=THREAD))

    await store.messages.delete(THREAD, "m1", at=START)

    assert await store.messages.places_with(ROOM, "m1") == [THREAD]
