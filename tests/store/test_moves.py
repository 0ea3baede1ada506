"""A channel under a new id: what people chose and said there goes on, nothing begins anew."""

from dataclasses import replace

from bot.messages import ConversationKey, Mode
from bot.store import Store
from tests.store.samples import ANN, BEN, SILENT, kept_with, later, message, reply

OLD = ConversationKey("slack", "T1", "G1")
NEW = replace(OLD, channel="C2")
THREAD = replace(OLD, thread="17.1")


async def _texts(store: Store, where: ConversationKey) -> list[str]:
    return [entry.text for entry in await store.messages.recent(where, limit=10)]


async def test_what_was_said_and_chosen_is_kept_under_the_new_id(store: Store) -> None:
    await store.messages.record(message(conversation=OLD))
    await store.messages.record(message(conversation=THREAD, text="Below"))
    await store.channels.change(OLD, mode=Mode.OFF, retention_days=7)

    assert await store.moves.channel(OLD, NEW)

    settings = await store.channels.settings(NEW)
    assert (settings.mode, settings.retention_days) == (Mode.OFF, 7)
    assert await _texts(store, NEW) == ["Hello"]
    assert await _texts(store, replace(NEW, thread="17.1")) == ["Below"]
    assert await _texts(store, OLD) == []
    assert await store.channels.chosen(OLD) == frozenset()


async def test_of_a_channel_nobody_knows_nothing_moves(store: Store) -> None:
    await store.messages.record(message(conversation=NEW))

    assert not await store.moves.channel(OLD, NEW)

    assert await _texts(store, NEW) == ["Hello"]


async def test_what_was_heard_under_both_ids_is_one_history(store: Store) -> None:
    await store.messages.record(message("m1", "one", conversation=OLD))
    (entry,) = await store.messages.recent(OLD, limit=1)
    kept = await store.decisions.keep(OLD, [entry.row], SILENT, **kept_with())
    await store.outbox.add(reply(conversation=OLD, decision_id=kept.id, reply_to="m1"))
    await store.messages.record(message("m1", "one", conversation=NEW))
    await store.messages.record(message("m2", "two", author=BEN, conversation=NEW))

    await store.moves.channel(OLD, NEW)

    first, second = await store.messages.recent(NEW, limit=10)
    assert (first.text, first.decision_id) == ("one", kept.id)
    assert (second.text, second.author) == ("two", BEN)
    assert [each.conversation for each in await store.outbox.pending("slack")] == [NEW]
    assert await store.messages.conversations("slack") == [NEW]


async def test_what_was_chosen_under_both_ids_is_as_it_was_under_the_old(store: Store) -> None:
    await store.channels.change(OLD, mode=Mode.OFF)
    await store.marks.hear_from(OLD, later(1))
    await store.channels.change(NEW, mode=Mode.ACTIVE, retention_days=3)
    await store.marks.hear_from(NEW, later(2))

    await store.moves.channel(OLD, NEW)

    settings = await store.channels.settings(NEW)
    assert (settings.mode, settings.retention_days) == (Mode.OFF, 3)
    assert await store.marks.heard_from(NEW) == later(2)


async def test_gaps_and_marks_of_both_ids_hold(store: Store) -> None:
    for where, minutes in ((OLD, 1), (NEW, 2)):
        await store.messages.record(message(conversation=where))
        await store.marks.open_gap(where, later(minutes))
    await store.marks.hear_from(replace(NEW, thread="17.1"), later(3))
    await store.marks.hear_from(THREAD, later(4))

    await store.moves.channel(OLD, NEW)

    assert await store.marks.gap_from(NEW) == later(1)
    assert await store.marks.heard_from(replace(NEW, thread="17.1")) == later(4)


async def test_notes_name_the_channel_by_its_new_id(store: Store) -> None:
    notes = store.notes
    await notes.set("slack", "member-G1/T1", "1 in")
    await notes.set("slack", "member-C2/T1", "2 out")
    await notes.set("slack", "member-G12/T1", "1 in")
    await notes.set("slack", "member-G1/T2", "1 in")
    await notes.set("slack", "pane/D1/T1", '{"in_view": "G1"}')

    assert await store.moves.channel(OLD, NEW)

    assert await notes.named("slack", "member-", "T1") == {"C2": "1 in", "G12": "1 in"}
    assert await notes.named("slack", "member-", "T2") == {"G1": "1 in"}
    assert await notes.get("slack", "pane/D1/T1") == '{"in_view": "C2"}'


async def test_what_is_said_after_a_move_goes_on_where_both_histories_joined(store: Store) -> None:
    await store.messages.record(message("m1", "one", conversation=OLD))
    await store.messages.record(message("m1", "one", conversation=NEW))
    await store.moves.channel(OLD, NEW)

    await store.messages.record(message("m2", "two", author=ANN, conversation=NEW))

    assert await _texts(store, NEW) == ["one", "two"]
