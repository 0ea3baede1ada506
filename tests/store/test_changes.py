"""Edits and deletions of messages: the newest edit stands, and what is deleted stays so."""

from bot.store import Store
from tests.store.samples import (
    ROOM,
    later,
    message,
)


async def test_an_edit_replaces_the_text(store: Store) -> None:
    await store.messages.record(message())

    assert await store.messages.edit(ROOM, "m1", "Hello all", at=later(1))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert (entry.text, entry.edited) == ("Hello all", True)


async def test_an_edit_to_the_same_text_changes_nothing(store: Store) -> None:
    await store.messages.record(message())

    assert not await store.messages.edit(ROOM, "m1", "Hello", at=later(1))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert not entry.edited


async def test_an_edit_that_takes_files_away_takes_their_text_away(store: Store) -> None:
    await store.messages.record(message(attachments=("notes.txt: a secret", "cat.png")))

    assert await store.messages.edit(ROOM, "m1", "Hi", at=later(1))
    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.attachments == ("notes.txt: a secret", "cat.png")

    assert await store.messages.edit(ROOM, "m1", "Hi", at=later(2), attachments=["ca\x00t.png"])
    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert (entry.text, entry.attachments) == ("Hi", ("cat.png",))

    assert not await store.messages.edit(ROOM, "m1", "Hi", at=later(3), attachments=("cat.png",))


async def test_an_older_edit_that_arrives_late_is_ignored(store: Store) -> None:
    await store.messages.record(message())
    await store.messages.edit(ROOM, "m1", "second", at=later(2))

    assert not await store.messages.edit(ROOM, "m1", "first", at=later(1))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.text == "second"


async def test_a_deleted_message_is_a_tombstone(store: Store) -> None:
    await store.messages.record(message(attachments=("secret.png",)))

    assert await store.messages.delete(ROOM, "m1", at=later(1))

    (entry,) = await store.messages.recent(ROOM, limit=10)
    assert (entry.deleted, entry.text, entry.attachments) == (True, "", ())


async def test_a_message_is_deleted_once(store: Store) -> None:
    await store.messages.record(message())
    await store.messages.delete(ROOM, "m1", at=later(1))

    assert not await store.messages.delete(ROOM, "m1", at=later(2))


async def test_an_edit_after_the_deletion_is_ignored(store: Store) -> None:
    await store.messages.record(message())
    await store.messages.delete(ROOM, "m1", at=later(1))

    assert not await store.messages.edit(ROOM, "m1", "I never said that", at=later(2))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.text == ""


async def test_a_deleted_message_that_is_delivered_again_stays_deleted(store: Store) -> None:
    await store.messages.record(message())
    await store.messages.delete(ROOM, "m1", at=later(1))

    assert not await store.messages.record(message())

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.deleted
