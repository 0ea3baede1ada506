"""Threads that begin with a copy of what they hang on."""

from dataclasses import replace

import pytest

from bot.messages import ASKED, Action, Author, ConversationKey, Rule
from bot.store import Store
from tests.store.samples import (
    ANN,
    BEN,
    EARSHOT,
    ROOM,
    SILENT,
    SPEAK,
    START,
    kept_with,
    later,
    message,
    reply,
)

PARENT = "1772357400.000100"  # ids as Slack gives them
REPLY = "1772357460.000200"
SECOND_PART = "1772357461.000300"
THREAD = replace(ROOM, thread=PARENT)


async def _asked_and_answered(store: Store, where: ConversationKey = ROOM) -> int:
    """Have a question answered in two parts, in a conversation; give the decision's id."""
    await store.messages.record(message(PARENT, "Is there cake?", conversation=where))
    (asked,) = await store.messages.recent(where, limit=1)
    kept = await store.decisions.keep(where, [asked.row], SPEAK, **kept_with())
    item = reply(reply_to=PARENT, decision_id=kept.id, conversation=where)
    await store.outbox.add(item)
    for number, part in enumerate((REPLY, SECOND_PART)):
        await store.outbox.part_posted(item.key, number, part)
    await store.outbox.posted(item.key, message_id=REPLY, author=EARSHOT, at=later(1))
    return kept.id


async def _texts(store: Store, where: ConversationKey = THREAD) -> list[str]:
    return [entry.text for entry in await store.messages.recent(where, limit=10)]


async def test_a_thread_begins_with_what_it_hangs_on_and_our_replies(store: Store) -> None:
    await store.messages.record(message("m0", "before"))
    await _asked_and_answered(store)
    await store.messages.record(message("m2", "after", author=BEN))

    assert await store.messages.begin_thread(THREAD)

    parent, answer = await store.messages.recent(THREAD, limit=10)
    assert (parent.id, parent.author, parent.text) == (PARENT, ANN, "Is there cake?")
    assert (answer.id, answer.from_assistant, answer.reply_to) == (REPLY, True, PARENT)
    assert await store.messages.waiting("room") == [ROOM]


async def test_the_copy_of_an_undecided_message_waits_in_the_channel_only(store: Store) -> None:
    await store.messages.record(message(PARENT, "Hello"))

    await store.messages.begin_thread(THREAD)

    assert await store.messages.waiting("room") == [ROOM]
    (kept,) = await store.decisions.last(THREAD, 5)
    assert (kept.decision.action, kept.decision.rule) == (Action.SILENT, Rule.THREAD_START)
    assert kept.message_id == PARENT


async def test_a_thread_begins_once(store: Store) -> None:
    await _asked_and_answered(store)

    for _ in range(3):
        assert await store.messages.begin_thread(THREAD)

    assert await _texts(store) == ["Is there cake?", "Flour, I think."]
    assert len(await store.decisions.last(THREAD, 5)) == 1


async def test_a_reply_that_comes_later_is_copied_later(store: Store) -> None:
    await store.messages.record(message(PARENT, "Is there cake?"))
    await store.messages.begin_thread(THREAD)
    await store.messages.record(message("m2", "I hope so", conversation=THREAD, author=BEN))
    await store.outbox.add(reply(reply_to=PARENT))
    await store.outbox.posted("k1", message_id=REPLY, author=EARSHOT, at=later(1))

    assert await store.messages.begin_thread(THREAD)

    assert await _texts(store) == ["Is there cake?", "I hope so", "Flour, I think."]


async def test_a_thread_whose_parent_is_unknown_begins_empty(store: Store) -> None:
    assert not await store.messages.begin_thread(THREAD)
    assert await _texts(store) == []

    await store.messages.record(message(PARENT, "found at Slack", conversation=THREAD))
    assert await store.messages.begin_thread(THREAD)
    assert await _texts(store) == ["found at Slack"]


async def test_a_thread_that_went_on_without_its_parent_is_not_begun_again(store: Store) -> None:
    await store.messages.record(message("m2", "already here", conversation=THREAD))
    await store.messages.record(message(PARENT, "Hello"))

    assert await store.messages.begin_thread(THREAD)

    assert await _texts(store) == ["already here"]


async def test_what_is_no_thread_cannot_begin_as_one(store: Store) -> None:
    with pytest.raises(ValueError, match="is no thread"):
        await store.messages.begin_thread(ROOM)


async def test_what_was_deleted_or_is_hidden_has_no_text_in_the_copy(store: Store) -> None:
    await store.messages.record(message(PARENT, "Hello"))
    await store.messages.delete(ROOM, PARENT, at=later(1))
    hidden = replace(THREAD, thread="1772357999.000100")
    await store.messages.record(message("1772357999.000100", "secret", author=BEN))
    await store.speakers.opt_out("room", "home", BEN)

    assert await store.messages.begin_thread(THREAD)
    assert await store.messages.begin_thread(hidden)

    (tombstone,) = await store.messages.recent(THREAD, limit=10)
    assert (tombstone.deleted, tombstone.text, tombstone.decision_id) == (True, "", None)
    (veiled,) = await store.messages.recent(hidden, limit=10)
    assert (veiled.hidden, veiled.text) == (True, "")
    assert THREAD not in await store.messages.waiting("room")


async def test_what_was_cleared_in_the_thread_does_not_come_back(store: Store) -> None:
    await _asked_and_answered(store)
    await store.messages.begin_thread(THREAD)
    await store.messages.clear(THREAD)

    assert await store.messages.begin_thread(THREAD)

    assert await _texts(store) == []


async def test_a_cleared_channel_leaves_its_threads_what_they_copied(store: Store) -> None:
    await _asked_and_answered(store)
    await store.messages.begin_thread(THREAD)

    await store.messages.clear(ROOM)

    assert await _texts(store) == ["Is there cake?", "Flour, I think."]
    assert await store.messages.waiting("room") == []


@pytest.mark.parametrize("where", [ROOM, THREAD])
async def test_an_edit_and_a_deletion_reach_both_wherever_they_are_told(
    store: Store, where: ConversationKey
) -> None:
    await _asked_and_answered(store)
    await store.messages.begin_thread(THREAD)

    assert await store.messages.edit(where, PARENT, "Is there tea?", at=later(2))
    assert not await store.messages.edit(where, PARENT, "Is there tea?", at=later(3))
    assert await store.messages.delete(where, REPLY, at=later(4))
    assert not await store.messages.delete(where, REPLY, at=later(4))

    assert await _texts(store, ROOM) == await _texts(store) == ["Is there tea?", ""]


async def test_a_change_reaches_no_message_that_merely_has_the_same_id(store: Store) -> None:
    other = replace(ROOM, thread="another")
    for where in (ROOM, other, THREAD):
        await store.messages.record(message("m1", "same id", conversation=where))

    await store.messages.delete(ROOM, "m1", at=later(1))
    await store.messages.edit(THREAD, "m1", "edited", at=later(1))

    assert [await _texts(store, where) for where in (ROOM, other, THREAD)] == [
        [""],
        ["same id"],
        ["edited"],
    ]


async def test_what_somebody_had_forgotten_is_forgotten_in_the_copy(store: Store) -> None:
    await _asked_and_answered(store)
    await store.messages.begin_thread(THREAD)

    await store.speakers.forget("room", "home", ANN.id, at=START)

    assert await _texts(store) == ["", "Flour, I think."]


async def test_replies_to_a_deleted_question_are_found_from_the_channel(store: Store) -> None:
    await _asked_and_answered(store)
    await store.messages.begin_thread(THREAD)

    await store.messages.delete(ROOM, PARENT, at=later(2))

    assert await store.messages.bereft(ROOM, PARENT) == [REPLY, SECOND_PART]


async def test_the_threads_of_a_channel_are_listed_by_their_newest_message(store: Store) -> None:
    places = {name: replace(ROOM, thread=name) for name in ("old", "older", "new", "newest")}
    for minutes, name in ((0, "older"), (1, "old"), (5, "new"), (6, "newest")):
        at = later(minutes)
        await store.messages.record(message("m1", conversation=places[name], sent_at=at))
    elsewhere = replace(ROOM, channel="hall", thread="new")
    for where in (ROOM, elsewhere):
        await store.messages.record(message("m2", conversation=where, sent_at=later(9)))

    found = await store.messages.newest_threads(ROOM, later(5))

    assert found == [places["newest"], places["new"]]


async def test_a_decision_in_the_channel_is_taken_back_without_the_copy(store: Store) -> None:
    await store.messages.record(message(PARENT, "Is there cake?"))
    (asked,) = await store.messages.recent(ROOM, limit=1)
    await store.decisions.keep(ROOM, [asked.row], SPEAK, **kept_with())
    await store.messages.begin_thread(THREAD)

    await store.decisions.reopen("room", since=later(-1))

    assert await store.messages.waiting("room") == [ROOM]


async def test_a_thread_on_what_the_assistant_said_begins_with_that(store: Store) -> None:
    await _asked_and_answered(store)
    on_reply = replace(ROOM, thread=REPLY)

    assert await store.messages.begin_thread(on_reply)

    (copy,) = await store.messages.recent(on_reply, limit=5)
    assert (copy.author, copy.from_assistant, copy.text) == (EARSHOT, True, "Flour, I think.")
    assert await store.messages.waiting("room") == []


async def test_a_silent_burst_after_the_copy_is_decided_on_by_itself(store: Store) -> None:
    await store.messages.record(message(PARENT, "Hello"))
    await store.messages.begin_thread(THREAD)
    await store.messages.record(message("m2", "Hi", conversation=THREAD, author=Author("3", "Cy")))

    (_, newer) = await store.messages.recent(THREAD, limit=5)
    await store.decisions.keep(THREAD, [newer.row], SILENT, **kept_with())

    assert await store.messages.waiting("room") == [ROOM]


async def test_what_is_kept_of_a_thread_is_counted(store: Store) -> None:
    thread = replace(ROOM, thread="m1")
    assert await store.messages.replies_kept(thread) == (0, None)
    for number, each in enumerate(("m1", "m2", "m3", "m4", f"{ASKED}5")):
        told = message(each, sent_at=later(number), conversation=thread)
        await store.messages.record(told)

    await store.messages.delete(thread, "m4", at=later(9))

    assert await store.messages.replies_kept(thread) == (2, later(2))
