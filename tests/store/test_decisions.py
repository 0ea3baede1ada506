from dataclasses import replace

import pytest

from bot.errors import StoreError
from bot.messages import Action, Decision, KeptDecision, Rule
from bot.store import Store
from tests.store.samples import ROOM, SILENT, SPEAK, START, THREAD, kept_with, later, message, reply


async def _rows(store: Store, num_messages: int) -> list[int]:
    await store.messages.record_all([message(f"m{n}") for n in range(num_messages)])
    return [entry.row for entry in await store.messages.recent(ROOM, limit=num_messages)]


async def test_a_decision_falls_on_the_last_message_of_its_burst(store: Store) -> None:
    rows = await _rows(store, 3)

    kept = await store.decisions.keep(ROOM, rows[:2], SILENT, **kept_with(adapter="house"))

    assert kept == KeptDecision(kept.id, "m1", SILENT, "m-7b", "house", 12.5, START)
    marks = [entry.decision_id for entry in await store.messages.recent(ROOM, limit=3)]
    assert marks == [kept.id, kept.id, None]


async def test_a_decision_without_a_message_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="message"):
        await store.decisions.keep(ROOM, [], SILENT, **kept_with())


async def test_a_decision_on_messages_that_were_cleared_is_kept_without_them(store: Store) -> None:
    rows = await _rows(store, 2)
    await store.messages.clear(ROOM)

    kept = await store.decisions.keep(ROOM, rows, SILENT, **kept_with())

    assert kept.message_id == ""


async def test_a_decision_marks_no_message_of_another_conversation(store: Store) -> None:
    await store.messages.record(message("m9", conversation=THREAD))
    rows = await _rows(store, 1)
    (other,) = await store.messages.recent(THREAD, limit=1)

    await store.decisions.keep(ROOM, [other.row, *rows], SILENT, **kept_with())

    (other,) = await store.messages.recent(THREAD, limit=1)
    assert other.decision_id is None


async def test_a_decision_can_be_revised(store: Store) -> None:
    kept = await store.decisions.keep(ROOM, await _rows(store, 1), SPEAK, **kept_with())
    withdrawn = Decision(Action.SILENT, Rule.WITHDRAWN, "Ben answered first", 0.2, 0.5)

    revised = await store.decisions.revise(kept.id, withdrawn)

    assert revised == replace(kept, decision=withdrawn)
    assert await store.decisions.last(ROOM, 5) == [revised]


async def test_a_decision_that_was_cleared_cannot_be_revised(store: Store) -> None:
    with pytest.raises(StoreError, match="no longer kept"):
        await store.decisions.revise(17, SILENT)


async def test_the_last_decisions_come_newest_first(store: Store) -> None:
    rows = await _rows(store, 3)
    kept = [await store.decisions.keep(ROOM, [row], SILENT, **kept_with()) for row in rows]

    assert await store.decisions.last(ROOM, 2) == [kept[2], kept[1]]
    assert await store.decisions.last(THREAD, 2) == []


async def test_decisions_are_found_by_id(store: Store) -> None:
    rows = await _rows(store, 2)
    first, second = [await store.decisions.keep(ROOM, [row], SPEAK, **kept_with()) for row in rows]

    found = await store.decisions.by_id({first.id, second.id, 999})

    assert found == {first.id: first, second.id: second}
    assert await store.decisions.by_id([]) == {}


async def test_decisions_are_counted_by_what_became_of_them(store: Store) -> None:
    rows = await _rows(store, 4)
    for row, decision in zip(rows, [SPEAK, SILENT, SILENT, SILENT], strict=True):
        await store.decisions.keep(ROOM, [row], decision, **kept_with(at=later(row)))

    counts = await store.decisions.counts(ROOM, since=later(rows[1]))

    assert counts == {Action.SPEAK: 0, Action.SILENT: 3, Action.FAILED: 0}


async def test_every_rule_can_be_kept(store: Store) -> None:
    rows = await _rows(store, 1)
    ruled = [Decision(Action.FAILED, rule, "why") for rule in Rule]

    for decision in ruled:
        await store.decisions.keep(ROOM, rows, decision, **kept_with())

    kept = await store.decisions.last(ROOM, len(ruled))
    assert [each.decision for each in kept] == ruled[::-1]


async def test_a_decision_to_speak_that_a_stop_cut_off_is_taken_back(store: Store) -> None:
    first, second, third, fourth = await _rows(store, 4)
    await store.decisions.keep(ROOM, [first], SPEAK, **kept_with(at=later(-60)))
    await store.decisions.keep(ROOM, [second], SILENT, **kept_with())
    answered = await store.decisions.keep(ROOM, [third], SPEAK, **kept_with())
    await store.outbox.add(reply(decision_id=answered.id))
    cut_off = await store.decisions.keep(ROOM, [fourth], SPEAK, **kept_with())

    assert await store.decisions.reopen("room", since=START) == 1

    marks = [entry.decision_id for entry in await store.messages.recent(ROOM, limit=4)]
    assert [mark is None for mark in marks] == [False, False, False, True]
    assert cut_off.id not in await store.decisions.by_id([cut_off.id])
    assert await store.messages.waiting("room") == [ROOM]


async def test_only_the_conversations_that_are_asked_for_are_taken_up_again(store: Store) -> None:
    for where in (ROOM, THREAD):
        await store.messages.record(message(conversation=where))
        (entry,) = await store.messages.recent(where, limit=1)
        await store.decisions.keep(where, [entry.row], SPEAK, **kept_with())

    assert await store.decisions.reopen("room", since=START, keys=lambda at: at == THREAD) == 1

    assert await store.messages.waiting("room") == [THREAD]
    assert len(await store.decisions.last(ROOM, 5)) == 1


async def test_a_withdrawn_reply_is_not_written_again(store: Store) -> None:
    kept = await store.decisions.keep(ROOM, await _rows(store, 1), SPEAK, **kept_with())
    await store.outbox.add(reply(decision_id=kept.id))
    await store.outbox.withdraw("k1")

    assert await store.decisions.reopen("room", since=START) == 0


async def test_the_decisions_since_a_time_come_oldest_first(store: Store) -> None:
    rows = await _rows(store, 3)
    kept = [
        await store.decisions.keep(ROOM, [row], SILENT, **kept_with(at=later(minute)))
        for minute, row in enumerate(rows)
    ]

    assert await store.decisions.since(ROOM, later(1)) == kept[1:]
    assert await store.decisions.since(THREAD, START) == []
