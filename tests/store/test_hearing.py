"""How far a conversation was heard, so that a catch-up fetches what is missing and nothing else."""

from dataclasses import replace

import pytest

from bot.messages import ConversationKey, workspace_key
from bot.store import Store
from tests.store.samples import EARSHOT, ROOM, START, THREAD, later, message, reply

DAY = 24 * 60
HALL = replace(ROOM, channel="hall")
WORKSPACE = workspace_key("room", "home")


async def test_a_conversation_where_nothing_was_said_was_never_heard(store: Store) -> None:
    assert await store.marks.heard_until(ROOM) is None


async def test_a_conversation_was_heard_up_to_its_newest_message(store: Store) -> None:
    await store.messages.record(message("m1", sent_at=later(2)))
    await store.messages.record(message("m2", sent_at=later(1)))
    await store.messages.record(message("m3", sent_at=later(9), conversation=THREAD))

    assert await store.marks.heard_until(ROOM) == later(2)
    assert await store.marks.heard_until(THREAD) == later(9)
    assert await store.marks.heard_until(HALL) is None


async def test_the_assistant_s_own_reply_is_not_heard(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.outbox.add(reply())
    await store.outbox.posted("k1", message_id="r1", author=EARSHOT, at=later(5))

    assert await store.marks.heard_until(ROOM) == START


async def test_a_mark_counts_where_it_is_later(store: Store) -> None:
    await store.messages.record(message("m1", sent_at=later(2), conversation=THREAD))

    await store.marks.hear_from(THREAD, later(1))
    assert await store.marks.heard_until(THREAD) == later(2)

    await store.marks.hear_from(THREAD, later(3))
    assert await store.marks.heard_until(THREAD) == later(3)


async def test_a_mark_alone_can_be_asked_for(store: Store) -> None:
    await store.messages.record(message("m1", sent_at=later(9), conversation=THREAD))
    assert await store.marks.heard_from(THREAD) is None

    await store.marks.hear_from(WORKSPACE, later(1))
    await store.marks.hear_from(ROOM, later(2))
    assert await store.marks.heard_from(THREAD) == later(2)
    assert await store.marks.heard_from(HALL) == later(1)


async def test_a_mark_never_moves_back(store: Store) -> None:
    for where in (WORKSPACE, ROOM, THREAD):
        await store.marks.hear_from(where, later(5))
        await store.marks.hear_from(where, later(3))

        assert await store.marks.heard_until(where) == later(5)


@pytest.mark.parametrize(
    ("marked", "heard", "unheard"),
    [
        (THREAD, [THREAD], [ROOM, HALL]),
        (ROOM, [ROOM, THREAD, replace(ROOM, thread="new")], [HALL]),
        (WORKSPACE, [ROOM, THREAD, HALL, WORKSPACE], [replace(ROOM, workspace="office")]),
    ],
)
async def test_a_mark_holds_for_all_below_it_also_where_nothing_was_said(
    store: Store,
    marked: ConversationKey,
    heard: list[ConversationKey],
    unheard: list[ConversationKey],
) -> None:
    await store.marks.hear_from(marked, START)

    for where in heard:
        assert await store.marks.heard_until(where) == START
    for where in unheard:
        assert await store.marks.heard_until(where) is None


async def test_a_mark_chooses_no_setting_and_stays_when_settings_are_taken_back(
    store: Store,
) -> None:
    await store.marks.hear_from(ROOM, START)

    assert await store.channels.chosen(ROOM) == frozenset()
    await store.channels.reset(ROOM, at=START)
    assert await store.marks.heard_until(ROOM) == START


async def test_what_was_cleared_stays_heard(store: Store) -> None:
    await store.messages.record(message("m1", sent_at=later(2)))
    await store.messages.record(message("m2", sent_at=later(1)))

    await store.messages.clear(ROOM)
    await store.messages.clear(ROOM)

    assert await store.marks.heard_until(ROOM) == later(2)
    assert await store.marks.heard_until(THREAD) is None


async def test_a_channel_is_cleared_with_its_threads_and_stays_heard(store: Store) -> None:
    for minute, where in enumerate((ROOM, THREAD, HALL)):
        await store.messages.record(message(conversation=where, sent_at=later(minute)))

    assert await store.messages.clear_channel(THREAD) == 2

    assert await store.messages.count(HALL) == 1
    assert await store.marks.heard_until(ROOM) == later(0)
    assert await store.marks.heard_until(THREAD) == later(1)
    assert set(await store.messages.conversations("room")) == {ROOM, THREAD, HALL}


async def test_what_was_purged_stays_heard(store: Store) -> None:
    await store.channels.change(ROOM, retention_days=7)
    for where, minute in ((ROOM, 3), (THREAD, 4)):
        await store.messages.record(message(conversation=where, sent_at=later(minute)))

    assert await store.messages.purge(later(30 * DAY)) == 2

    assert await store.marks.heard_until(ROOM) == later(3)
    assert await store.marks.heard_until(THREAD) == later(4)


async def test_a_thread_s_conversation_is_found_without_its_channel(store: Store) -> None:
    await store.messages.record(message(conversation=THREAD))
    await store.messages.record(message(conversation=replace(THREAD, workspace="office")))

    assert await store.messages.conversation_with_thread("room", "home", "cake") == THREAD
    assert await store.messages.conversation_with_thread("room", "home", "pie") is None


async def test_a_gap_is_known_until_it_is_closed_also_after_a_restart(url: str) -> None:
    store = await Store.open(url)
    assert await store.marks.gap_from(ROOM) is None
    await store.marks.open_gap(ROOM, later(2))
    await store.messages.record(message(sent_at=later(9)))
    await store.close()

    store = await Store.open(url)
    assert await store.marks.gap_from(ROOM) == later(2)
    assert await store.marks.gap_from(THREAD) is None

    await store.marks.close_gap(ROOM)
    await store.marks.close_gap(THREAD)
    assert await store.marks.gap_from(ROOM) is None
    await store.close()


async def test_of_two_gaps_the_earlier_beginning_counts(store: Store) -> None:
    for minute in (3, 2, 4):
        await store.marks.open_gap(ROOM, later(minute))

    assert await store.marks.gap_from(ROOM) == later(2)


@pytest.mark.parametrize("marked", [THREAD, ROOM, WORKSPACE])
async def test_a_gap_never_reaches_behind_a_mark(store: Store, marked: ConversationKey) -> None:
    await store.marks.hear_from(marked, later(1))
    await store.marks.open_gap(THREAD, later(0))
    assert await store.marks.gap_from(THREAD) == later(1)

    await store.marks.hear_from(marked, later(3))
    assert await store.marks.gap_from(THREAD) == later(3)


async def test_a_gap_never_reaches_behind_what_was_cleared_or_purged(store: Store) -> None:
    await store.marks.open_gap(ROOM, later(0))
    await store.messages.record(message("m1", sent_at=later(1)))
    await store.messages.clear(ROOM)
    assert await store.marks.gap_from(ROOM) == later(1)

    await store.messages.record(message("m2", sent_at=later(2)))
    await store.channels.change(ROOM, retention_days=7)
    await store.messages.purge(later(30 * DAY))
    assert await store.marks.gap_from(ROOM) == later(2)


async def test_up_to_when_was_heard_is_known_of_a_whole_workspace_at_once(store: Store) -> None:
    await store.messages.record(message("m1", sent_at=later(2)))
    await store.messages.record(message("m2", sent_at=later(9), conversation=THREAD))
    await store.messages.record(message("m3", sent_at=later(4), conversation=HALL))
    elsewhere = replace(ROOM, workspace="office")
    await store.messages.record(message("m4", sent_at=later(5), conversation=elsewhere))
    heard = {ROOM: later(2), THREAD: later(9), HALL: later(4)}
    assert await store.workspaces.heard_in("room", "home") == heard

    await store.marks.hear_from(replace(ROOM, thread=None), later(6))
    heard[ROOM] = later(6)
    assert await store.workspaces.heard_in("room", "home") == heard


async def test_a_conversation_with_a_gap_does_not_count_as_heard(store: Store) -> None:
    await store.messages.record(message("m1", sent_at=later(2)))
    await store.messages.record(message("m2", sent_at=later(2), conversation=HALL))
    await store.marks.open_gap(ROOM, later(1))

    assert await store.workspaces.heard_in("room", "home") == {HALL: later(2)}


async def test_the_assistant_s_words_do_not_count_as_heard_in_a_workspace(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.outbox.add(reply())
    await store.outbox.posted("k1", message_id="r1", author=EARSHOT, at=later(5))

    assert await store.workspaces.heard_in("room", "home") == {ROOM: START}
