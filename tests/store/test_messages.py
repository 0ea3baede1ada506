"""What was said comes back as it was: the history of conversations, and of who spoke in them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.messages import Author, ConversationKey
from bot.store import Store
from tests.store.samples import (
    ANN,
    BEN,
    EARSHOT,
    ROOM,
    SILENT,
    START,
    THREAD,
    kept_with,
    later,
    message,
    reply,
)


async def test_a_message_comes_back_as_it_was_recorded(store: Store) -> None:
    said = message(
        text="Look\nat this", addressed=True, reply_to="m0", attachments=("photo.jpg (image)",)
    )

    assert await store.messages.record(said)

    (entry,) = await store.messages.recent(ROOM, limit=10)
    assert (entry.id, entry.author, entry.text) == ("m1", ANN, "Look\nat this")
    assert (entry.addressed, entry.reply_to, entry.attachments) == (
        True,
        "m0",
        ("photo.jpg (image)",),
    )
    assert (entry.sent_at, entry.decision_id) == (START, None)
    marks = (entry.from_assistant, entry.edited, entry.deleted, entry.hidden)
    assert marks == (False, False, False, False)


async def test_times_come_back_aware_and_in_utc(store: Store) -> None:
    in_india = datetime(2026, 3, 1, 0, 15, 30, 123456, timezone(timedelta(hours=5, minutes=30)))

    await store.messages.record(message(sent_at=in_india))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.sent_at == in_india
    assert entry.sent_at.tzinfo is UTC


async def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="naive"):
        await store.messages.record(message(sent_at=datetime(2026, 3, 1)))  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        await store.messages.record_all([message(sent_at=datetime(2026, 3, 1))])  # noqa: DTZ001

    assert await store.messages.recent(ROOM, limit=10) == []


async def test_recent_gives_the_newest_entries_oldest_first(store: Store) -> None:
    await store.messages.record_all([message(f"m{n}") for n in range(6)])

    recent = await store.messages.recent(ROOM, limit=3)

    assert [entry.id for entry in recent] == ["m3", "m4", "m5"]
    assert [entry.row for entry in recent] == sorted(entry.row for entry in recent)


async def test_what_is_before_the_window_is_left_out(store: Store) -> None:
    await store.messages.record_all([message(f"m{n}") for n in range(6)])
    fourth = await store.messages.find(ROOM, "m4")
    assert fourth is not None

    await store.messages.move_window(ROOM, fourth.row)

    shown = await store.messages.in_window(ROOM, limit=100)
    assert [entry.id for entry in shown] == ["m4", "m5"]


@pytest.mark.parametrize(
    "other",
    [THREAD, replace(ROOM, channel="x"), replace(ROOM, workspace="x"), replace(ROOM, platform="x")],
)
async def test_the_same_message_id_elsewhere_is_another_message(
    store: Store, other: ConversationKey
) -> None:
    assert await store.messages.record(message())

    assert await store.messages.record(message(conversation=other, text="Elsewhere"))

    (entry,) = await store.messages.recent(other, limit=10)
    assert entry.text == "Elsewhere"


async def test_nothing_is_known_of_a_conversation_where_nothing_was_said(store: Store) -> None:
    assert await store.messages.recent(ROOM, limit=10) == []
    assert await store.messages.find(ROOM, "m1") is None
    assert await store.messages.since_author(ROOM, ANN.id, limit=10) == []
    assert await store.messages.window(ROOM) == 0
    assert not await store.messages.edit(ROOM, "m1", "x", at=START)
    assert not await store.messages.delete(ROOM, "m1", at=START)
    assert await store.messages.clear(ROOM) == 0


async def test_a_message_is_known_in_its_conversation_alone_and_after_its_deletion(
    store: Store,
) -> None:
    await store.messages.record(message("m1"))
    await store.messages.record(message("m2", conversation=THREAD))
    await store.messages.delete(ROOM, "m1", at=later(1))

    assert await store.messages.unknown(ROOM, ["m3", "m1", "m2"]) == ["m3", "m2"]
    assert await store.messages.unknown(ROOM, []) == []


async def test_catching_up_begins_after_the_own_last_message(store: Store) -> None:
    await store.messages.record_all(
        [message("m1", author=BEN), message("m2"), message("m3", author=BEN), message("m4"),
         message("m5", author=BEN), message("m6", author=BEN)]
    )  # fmt: skip

    missed = await store.messages.since_author(ROOM, ANN.id, limit=10)

    assert [entry.id for entry in missed] == ["m5", "m6"]


async def test_catching_up_tells_all_to_one_who_never_spoke(store: Store) -> None:
    await store.messages.record_all([message(f"m{n}") for n in range(5)])

    missed = await store.messages.since_author(ROOM, BEN.id, limit=3)

    assert [entry.id for entry in missed] == ["m2", "m3", "m4"]


async def test_catching_up_leaves_out_what_has_no_text_any_more(store: Store) -> None:
    await store.messages.record_all([message("m1"), message("m2"), message("m3", author=BEN)])
    await store.messages.delete(ROOM, "m1", at=later(1))
    await store.speakers.opt_out(ROOM.platform, ROOM.workspace, BEN)

    missed = await store.messages.since_author(ROOM, "9", limit=10)

    assert [entry.id for entry in missed] == ["m2"]


async def test_conversations_are_listed_by_their_newest_activity(store: Store) -> None:
    study = replace(ROOM, channel="study")
    await store.messages.record(message("m1", conversation=study))
    await store.messages.record(message("m2", conversation=THREAD))
    await store.messages.record(message("m3", conversation=study))

    assert await store.messages.conversations("room") == [study, THREAD]
    assert await store.messages.conversations("discord") == []


async def test_a_new_room_is_listed_first(store: Store) -> None:
    new = replace(ROOM, channel="new")
    await store.messages.record(message())
    await store.messages.create(new)
    await store.messages.create(new)

    assert await store.messages.conversations("room") == [new, ROOM]


async def test_conversations_wait_while_a_message_has_no_decision(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.messages.record(message("m2", conversation=THREAD))
    (entry,) = await store.messages.recent(ROOM, limit=1)

    await store.decisions.keep(ROOM, [entry.row], SILENT, **kept_with())

    assert await store.messages.waiting("room") == [THREAD]
    assert await store.messages.waiting("slack") == []


async def test_nobody_waits_for_hidden_deleted_and_own_messages(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.messages.delete(ROOM, "m1", at=later(1))
    await store.speakers.opt_out(ROOM.platform, ROOM.workspace, BEN)
    await store.messages.record(message("m2", author=BEN))
    await store.outbox.add(reply())
    await store.outbox.posted("k1", message_id="m3", author=EARSHOT, at=later(2))

    assert await store.messages.waiting("room") == []


async def test_the_window_stays_where_it_was_moved(store: Store) -> None:
    await store.messages.move_window(ROOM, 17)

    assert await store.messages.window(ROOM) == 17
    assert await store.messages.window(THREAD) == 0


async def test_a_cleared_conversation_is_forgotten_but_still_exists(store: Store) -> None:
    await store.messages.record_all([message("m1"), message("m2")])
    await store.messages.record(message("m1", conversation=THREAD))
    (_, entry) = await store.messages.recent(ROOM, limit=2)
    kept = await store.decisions.keep(ROOM, [entry.row], SILENT, **kept_with())
    await store.outbox.add(reply(decision_id=kept.id))
    await store.messages.move_window(ROOM, entry.row)

    assert await store.messages.clear(ROOM) == 2

    assert await store.messages.recent(ROOM, limit=10) == []
    assert await store.decisions.last(ROOM, 10) == []
    assert await store.outbox.pending("room") == []
    assert await store.messages.window(ROOM) == 0
    assert await store.messages.conversations("room") == [ROOM, THREAD]
    assert len(await store.messages.recent(THREAD, limit=10)) == 1


async def test_rows_are_never_used_again(store: Store) -> None:
    await store.messages.record(message())
    (before,) = await store.messages.recent(ROOM, limit=1)
    await store.messages.clear(ROOM)

    await store.messages.record(message())

    (after,) = await store.messages.recent(ROOM, limit=1)
    assert after.row > before.row


async def test_a_display_name_follows_the_latest_message(store: Store) -> None:
    await store.messages.record(message("m1"))

    await store.messages.record(message("m2", author=Author(ANN.id, "Ann-Sophie")))

    recent = await store.messages.recent(ROOM, limit=10)
    assert {entry.author.name for entry in recent} == {"Ann-Sophie"}


async def test_a_redelivered_message_does_not_bring_an_old_name_back(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.messages.record(message("m2", author=Author(ANN.id, "Ann-Sophie")))

    await store.messages.record(message("m1"))

    (*_, entry) = await store.messages.recent(ROOM, limit=10)
    assert entry.author.name == "Ann-Sophie"


async def test_people_of_another_workspace_are_other_people(store: Store) -> None:
    elsewhere = replace(ROOM, workspace="office")
    await store.messages.record(message())

    await store.messages.record(message(author=Author(ANN.id, "Anton"), conversation=elsewhere))

    (entry,) = await store.messages.recent(ROOM, limit=10)
    assert entry.author == ANN


async def test_messages_are_counted_while_their_text_is_kept(store: Store) -> None:
    await store.messages.record_all([message("m1"), message("m2"), message("m3", author=BEN)])
    await store.outbox.add(reply())
    await store.outbox.posted("k1", message_id="r1", author=EARSHOT, at=later(1))
    await store.messages.delete(ROOM, "m1", at=later(1))
    await store.speakers.opt_out(ROOM.platform, ROOM.workspace, BEN)

    assert await store.messages.count(ROOM) == 2
    assert await store.messages.count(THREAD) == 0


async def test_what_was_wiped_or_forgotten_is_told_by_its_id_alone(store: Store) -> None:
    await store.messages.record_all(
        [message("m1"), message("m2", author=BEN, conversation=THREAD), message("m3", author=BEN)]
    )
    await store.speakers.opt_out("room", "home", ANN)
    await store.speakers.forget("room", "home", BEN.id, at=START)
    await store.messages.record(message("m4", author=Author("3", "Cleo")))

    found = [await store.messages.is_wiped(ROOM, f"m{n}") for n in range(1, 6)]

    assert found == [True, True, True, False, False]
    assert not await store.messages.is_wiped(replace(ROOM, workspace="office"), "m1")
