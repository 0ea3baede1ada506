import asyncio
from dataclasses import replace

from bot.messages import OutboxItem, OutboxStatus
from bot.store import Store
from tests.store.samples import (
    ANN,
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

PENDING = OutboxItem("k1", ROOM, None, None, "Flour, I think.", OutboxStatus.PENDING, START)


async def _decided(store: Store) -> int:
    await store.messages.record(message())
    (entry,) = await store.messages.recent(ROOM, limit=1)
    return (await store.decisions.keep(ROOM, [entry.row], SPEAK, **kept_with())).id


async def _posted(store: Store, key: str = "k1", message_id: str = "r1") -> None:
    await store.outbox.posted(key, message_id=message_id, author=EARSHOT, at=later(1))


async def test_a_reply_waits_until_it_is_posted(store: Store) -> None:
    decision_id = await _decided(store)

    item = await store.outbox.add(reply(decision_id=decision_id, reply_to="m1"))

    assert item == replace(PENDING, decision_id=decision_id, reply_to="m1")
    assert await store.outbox.pending("room") == [item]
    assert await store.outbox.pending("slack") == []


async def test_a_key_is_added_once(store: Store) -> None:
    first = await store.outbox.add(reply())

    again = await store.outbox.add(reply(text="Another text"))

    assert again == first
    assert await store.outbox.pending("room") == [first]


async def test_a_posted_reply_is_part_of_the_history(store: Store) -> None:
    decision_id = await _decided(store)
    await store.outbox.add(reply(decision_id=decision_id, reply_to="m1"))

    await _posted(store)

    (_, entry) = await store.messages.recent(ROOM, limit=2)
    assert (entry.id, entry.author, entry.text) == ("r1", EARSHOT, "Flour, I think.")
    assert (entry.from_assistant, entry.decision_id) == (True, decision_id)
    assert (entry.reply_to, entry.sent_at) == ("m1", later(1))
    assert await store.outbox.pending("room") == []


async def test_a_reply_posted_twice_is_in_the_history_once(store: Store) -> None:
    await store.outbox.add(reply())

    await asyncio.gather(_posted(store), _posted(store), _posted(store, message_id="r2"))

    assert len(await store.messages.recent(ROOM, limit=10)) == 1


async def test_the_platform_s_echo_of_a_reply_becomes_the_reply(store: Store) -> None:
    decision_id = await _decided(store)
    await store.outbox.add(reply(decision_id=decision_id))
    await store.messages.record(message("r1", "Flour, I think.", author=EARSHOT))

    await _posted(store)

    (_, entry) = await store.messages.recent(ROOM, limit=10)
    assert (entry.from_assistant, entry.decision_id) == (True, decision_id)


async def test_the_platform_s_echo_after_the_reply_is_not_new(store: Store) -> None:
    await store.outbox.add(reply())
    await _posted(store)

    assert not await store.messages.record(message("r1", "Flour, I think.", author=EARSHOT))

    (entry,) = await store.messages.recent(ROOM, limit=10)
    assert entry.from_assistant


async def test_the_outbox_forgets_the_text_of_a_posted_reply(store: Store) -> None:
    await store.outbox.add(reply())
    await _posted(store)

    item = await store.outbox.add(reply())

    assert (item.status, item.text) == (OutboxStatus.POSTED, "")


async def test_withdrawn_and_failed_replies_do_not_wait_and_are_not_history(store: Store) -> None:
    await store.outbox.add(reply("k1"))
    await store.outbox.add(reply("k2", conversation=THREAD))

    await store.outbox.withdraw("k1")
    await store.outbox.fail("k2")

    assert await store.outbox.pending("room") == []
    assert (await store.outbox.add(reply("k1"))).status is OutboxStatus.WITHDRAWN
    assert (await store.outbox.add(reply("k2", conversation=THREAD))).status is OutboxStatus.FAILED
    assert await store.messages.recent(ROOM, limit=10) == []


async def test_what_is_posted_stays_posted(store: Store) -> None:
    await store.outbox.add(reply())
    await _posted(store)

    await store.outbox.withdraw("k1")

    assert (await store.outbox.add(reply())).status is OutboxStatus.POSTED


async def test_the_outbox_forgets_the_text_of_a_reply_that_is_given_up(store: Store) -> None:
    for key in ("k1", "k2"):
        await store.outbox.add(reply(key))

    await store.outbox.withdraw("k1")
    await store.outbox.fail("k2")

    assert [(await store.outbox.add(reply(key))).text for key in ("k1", "k2")] == ["", ""]


async def test_a_failed_reply_that_turns_out_posted_is_history_as_it_was_heard(
    store: Store,
) -> None:
    for key in ("k1", "k2"):
        await store.outbox.add(reply(key))
        await store.outbox.fail(key)
    await store.messages.record(message("r1", "Flour, I think.", author=EARSHOT))

    await _posted(store, "k1", "r1")
    await _posted(store, "k2", "r2")

    (entry,) = await store.messages.recent(ROOM, limit=10)
    assert (entry.id, entry.text, entry.from_assistant) == ("r1", "Flour, I think.", True)


async def test_waiting_replies_come_oldest_first(store: Store) -> None:
    await store.outbox.add(reply("k1", created_at=later(2), conversation=THREAD))
    await store.outbox.add(reply("k2", created_at=later(1)))

    assert [item.key for item in await store.outbox.pending("room")] == ["k2", "k1"]


async def test_a_reply_to_a_conversation_that_was_cleared_is_harmless(store: Store) -> None:
    decision_id = await _decided(store)
    await store.outbox.add(reply("k1", decision_id=decision_id))
    await store.messages.clear(ROOM)

    await _posted(store, "k1")
    late = await store.outbox.add(reply("k2", decision_id=decision_id))

    assert await store.messages.recent(ROOM, limit=10) == []
    assert late.decision_id is None


async def test_the_assistant_s_name_follows_its_latest_reply(store: Store) -> None:
    await store.outbox.add(reply())
    await _posted(store)
    await store.outbox.add(reply("k2"))

    renamed = replace(EARSHOT, name="Jarvis")
    await store.outbox.posted("k2", message_id="r2", author=renamed, at=later(2))

    recent = await store.messages.recent(ROOM, limit=10)
    assert {entry.author for entry in recent} == {renamed}
    assert ANN not in await store.speakers.names(ROOM)
