"""Drafts, and replies of several parts: what a stop leaves of them, and what they belong to."""

import asyncio

from bot.messages import OutboxStatus
from bot.store import Store
from tests.store.samples import EARSHOT, ROOM, SPEAK, THREAD, kept_with, later, message, reply


async def _decided(store: Store) -> int:
    await store.messages.record(message())
    (entry,) = await store.messages.recent(ROOM, limit=1)
    return (await store.decisions.keep(ROOM, [entry.row], SPEAK, **kept_with())).id


async def _shown(store: Store, key: str, *message_ids: str) -> None:
    for number, message_id in enumerate(message_ids):
        await store.outbox.part_posted(key, number, message_id)


async def _posted(store: Store, message_id: str) -> None:
    await store.outbox.posted("k1", message_id=message_id, author=EARSHOT, at=later(1))


async def test_a_draft_is_not_a_reply_that_waits(store: Store) -> None:
    await store.outbox.begin(reply(text="Flour"))
    await store.outbox.begin(reply(text="Another"))

    (draft,) = await store.outbox.drafts("room")

    assert draft == reply(text="Flour", status=OutboxStatus.DRAFT)
    assert await store.outbox.pending("room") == []
    assert await store.outbox.drafts("slack") == []


async def test_a_draft_becomes_the_reply_that_waits(store: Store) -> None:
    await store.outbox.begin(reply(text="Flour"))
    await store.outbox.part_posted("k1", 0, "r1")
    whole = reply(text="Flour, I think.", created_at=later(1))

    assert await store.outbox.add(whole) == whole

    assert await store.outbox.pending("room") == [whole]
    assert await store.outbox.drafts("room") == []
    assert await store.outbox.parts("k1") == ["r1"]


async def test_a_reply_that_waits_does_not_become_a_draft_again(store: Store) -> None:
    item = await store.outbox.add(reply())

    await store.outbox.begin(reply(text="Fl"))

    assert await store.outbox.pending("room") == [item]


async def test_a_dropped_draft_leaves_nothing(store: Store) -> None:
    await store.outbox.begin(reply())
    await _shown(store, "k1", "r1", "r2")

    await store.outbox.drop("k1")

    assert await store.outbox.drafts("room") == []
    assert await store.outbox.parts("k1") == []
    assert await store.outbox.parts_of(ROOM, "r2") == ["r2"]


async def test_what_is_more_than_a_draft_is_not_dropped(store: Store) -> None:
    item = await store.outbox.add(reply())

    await store.outbox.drop("k1")

    assert await store.outbox.pending("room") == [item]


async def test_a_decision_that_got_no_further_than_a_draft_is_taken_back(store: Store) -> None:
    draft = reply(decision_id=await _decided(store))
    await store.outbox.begin(draft)

    assert await store.decisions.reopen("room", since=later(-1)) == 1

    (left,) = await store.outbox.drafts("room")
    assert (left.key, left.decision_id) == (draft.key, None)
    assert await store.messages.waiting("room") == [ROOM]


async def test_parts_are_listed_in_their_order(store: Store) -> None:
    await store.outbox.begin(reply())
    await store.outbox.part_posted("k1", 1, "r2")
    await store.outbox.part_posted("k1", 0, "r1")

    assert await store.outbox.parts("k1") == ["r1", "r2"]
    assert await store.outbox.parts("k2") == []


async def test_a_part_told_twice_is_kept_once_and_the_last_word_counts(store: Store) -> None:
    await store.outbox.begin(reply())
    told = [store.outbox.part_posted("k1", 0, "r1") for _ in range(3)]
    await asyncio.gather(*told)
    assert await store.outbox.parts("k1") == ["r1"]

    await store.outbox.part_posted("k1", 0, "r9")

    assert await store.outbox.parts("k1") == ["r9"]


async def test_a_part_of_a_reply_that_was_cleared_is_ignored(store: Store) -> None:
    await store.outbox.add(reply())
    await _shown(store, "k1", "r1")
    await store.messages.clear(ROOM)

    await store.outbox.part_posted("k1", 1, "r2")

    assert await store.outbox.parts("k1") == []


async def test_in_which_thread_a_reply_is_shown_is_known_by_its_key(store: Store) -> None:
    await store.outbox.begin(reply("k1"))
    assert await store.outbox.shown_in("k1") is None

    for thread in ("cake", ""):
        await store.outbox.show_in("k1", thread)
        assert await store.outbox.shown_in("k1") == thread

    assert await store.outbox.shown_in("unknown") is None


async def test_all_parts_are_found_by_any_of_them(store: Store) -> None:
    await store.outbox.add(reply())
    await _shown(store, "k1", "r1", "r2", "r3")

    for message_id in ("r1", "r2", "r3"):
        assert await store.outbox.parts_of(ROOM, message_id) == ["r1", "r2", "r3"]
    assert await store.outbox.parts_of(THREAD, "r2") == ["r2"]


async def test_the_decision_behind_a_reply_is_found_by_any_part(store: Store) -> None:
    decision_id = await _decided(store)
    await store.outbox.add(reply(decision_id=decision_id))
    await _shown(store, "k1", "r1", "r2")
    await _posted(store, "r1")

    assert await store.outbox.decision_behind(ROOM, "r1") == decision_id
    assert await store.outbox.decision_behind(ROOM, "r2") == decision_id
    assert await store.outbox.decision_behind(THREAD, "r2") is None


async def test_the_reply_that_a_message_shows_is_found_also_without_a_decision(
    store: Store,
) -> None:
    await store.outbox.add(reply())
    await _shown(store, "k1", "r1", "r2")

    assert await store.outbox.shown_by(ROOM, "r2") == "k1"
    assert await store.outbox.shown_by(ROOM, "r3") is None
    assert await store.outbox.shown_by(THREAD, "r2") is None


async def test_the_decision_behind_a_reply_without_parts_is_found(store: Store) -> None:
    decision_id = await _decided(store)
    await store.outbox.add(reply(decision_id=decision_id))
    await _posted(store, "r1")

    assert await store.outbox.decision_behind(ROOM, "r1") == decision_id
    assert await store.outbox.decision_behind(ROOM, "m1") is None
    assert await store.outbox.decision_behind(ROOM, "nothing") is None


async def test_a_reply_of_parts_is_one_message_of_the_history(store: Store) -> None:
    await store.outbox.begin(reply(text="Flour"))
    await _shown(store, "k1", "r1", "r2")
    await store.outbox.add(reply(text="Flour, and sugar."))

    await _posted(store, "r1")

    (entry,) = await store.messages.recent(ROOM, limit=5)
    assert (entry.id, entry.text) == ("r1", "Flour, and sugar.")
    assert await store.outbox.parts_of(ROOM, entry.id) == ["r1", "r2"]
