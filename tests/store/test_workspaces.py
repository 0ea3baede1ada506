"""Workspaces that Earshot joins and leaves, and what is forgotten of those it left."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import StoreError
from bot.messages import ConversationKey, FeedbackKind, workspace_key
from bot.store import Store
from bot.store.database import Database
from bot.store.tables import metadata
from tests.store.erasing import erased
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

WEEK, NONE = timedelta(days=7), timedelta()
DAY = 24 * 60
HOME, OFFICE = ("room", "home"), ("room", "office")
ELSEWHERE = replace(ROOM, workspace="office")


async def _fill(store: Store, where=ROOM) -> None:
    """Leave something in every table that knows workspaces."""
    await store.workspaces.joined(where.platform, where.workspace, at=later(0))
    for place in (where, replace(where, thread="cake")):
        await store.messages.record(message(conversation=place))
    (entry,) = await store.messages.recent(where, limit=1)
    kept = await store.decisions.keep(where, [entry.row], SPEAK, **kept_with())
    key = f"k-{where.workspace}"
    await store.outbox.add(reply(key, conversation=where, decision_id=kept.id))
    await store.outbox.part_posted(key, 0, "r1")
    await store.outbox.posted(key, message_id="r1", author=EARSHOT, at=later(1))
    liked = FeedbackKind.LIKED
    await store.feedback.give(where, kept.id, liked, author_id=ANN.id, at=later(2))
    await store.channels.change(where, eagerness=20, at=START)
    await store.channels.change(workspace_key(where.platform, where.workspace), persona="Kind")


async def _erase(store: Store, platform: str, workspace: str) -> None:
    await store.workspaces.left(platform, workspace, at=later(-1))
    assert await erased(store, later(0), grace=NONE) == [(platform, workspace)]


async def _num_rows(url: str) -> dict[str, int]:
    database = Database(url)
    async with database.reading() as connection:
        counts = {
            name: len((await connection.execute(table.select())).all())
            for name, table in metadata.tables.items()
        }
    await database.close()
    return counts


async def test_a_workspace_is_new_once(store: Store) -> None:
    assert await store.workspaces.joined(*HOME, at=later(1))
    assert not await store.workspaces.joined(*HOME, at=later(2))
    assert await store.workspaces.joined(*OFFICE, at=later(0))

    assert await store.workspaces.present("room") == ["office", "home"]
    assert await store.workspaces.present("slack") == []


async def test_the_time_of_joining_is_told_while_it_lasts(store: Store) -> None:
    assert await store.workspaces.joined_at(*HOME) is None

    await store.workspaces.joined(*HOME, at=later(1))
    await store.workspaces.joined(*HOME, at=later(2))
    assert await store.workspaces.joined_at(*HOME) == later(1)

    await store.workspaces.left(*HOME, at=later(3))
    assert await store.workspaces.joined_at(*HOME) is None
    await store.workspaces.joined(*HOME, at=later(4))
    assert await store.workspaces.joined_at(*HOME) == later(4)


async def test_what_was_said_before_it_came_or_was_back_is_not_to_be_fetched(
    store: Store,
) -> None:
    await store.workspaces.joined(*HOME, at=later(1))
    await store.workspaces.joined(*HOME, at=later(2))
    assert await store.marks.heard_from(THREAD) == later(1)

    await store.workspaces.left(*HOME, at=later(3))
    await store.workspaces.joined(*HOME, at=later(4))
    assert await store.marks.heard_from(THREAD) == later(4)


async def test_a_joining_whose_mark_cannot_be_written_is_new_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreError("no space")

    with monkeypatch.context() as patch:
        patch.setattr("bot.store.workspaces.hear_from", fail)
        with pytest.raises(StoreError):
            await store.workspaces.joined(*HOME, at=later(1))

    assert await store.workspaces.joined(*HOME, at=later(2))


async def test_several_who_tell_of_a_new_workspace_at_once_tell_it_once(store: Store) -> None:
    told = await asyncio.gather(*(store.workspaces.joined(*HOME, at=later(n)) for n in range(4)))

    assert sorted(told) == [False, False, False, True]


async def test_a_workspace_that_was_left_is_not_present_until_it_is_back(store: Store) -> None:
    await store.workspaces.joined(*HOME, at=later(0))

    await store.workspaces.left(*HOME, at=later(1))

    assert await store.workspaces.present("room") == []
    assert await store.workspaces.joined(*HOME, at=later(2))
    assert await store.workspaces.present("room") == ["home"]


async def test_it_is_known_when_it_came_to_a_workspace_and_forgotten_when_it_left(
    store: Store,
) -> None:
    assert await store.workspaces.joined_at(*HOME) is None

    await store.workspaces.joined(*HOME, at=later(1))
    assert await store.workspaces.joined_at(*HOME) == later(1)

    await store.workspaces.left(*HOME, at=later(2))
    assert await store.workspaces.joined_at(*HOME) is None


async def test_a_workspace_is_greeted_once_also_when_it_comes_back(store: Store) -> None:
    await store.workspaces.joined(*HOME, at=later(0))

    assert not await store.workspaces.is_greeted(*HOME)
    assert await store.workspaces.greet(*HOME, at=later(0))
    assert await store.workspaces.is_greeted(*HOME)
    assert await store.workspaces.greeted("room") == {"home"}
    assert not await store.workspaces.greet(*HOME, at=later(1))

    await store.workspaces.left(*HOME, at=later(2))
    await store.workspaces.joined(*HOME, at=later(3))
    assert not await store.workspaces.greet(*HOME, at=later(3))


async def test_all_of_an_erased_workspace_is_gone_and_the_others_stay(
    store: Store, url: str
) -> None:
    await _fill(store, ELSEWHERE)
    await store.notes.set("room", "commands", "abc")
    before = await _num_rows(url)
    await _fill(store)

    await _erase(store, *HOME)

    nameless = {"conversations": before["conversations"] + 1} if "sqlite" in url else {}
    assert await _num_rows(url) == before | nameless
    assert await store.messages.conversations("room") == [
        ELSEWHERE,
        replace(ELSEWHERE, thread="cake"),
    ]
    assert await store.workspaces.present("room") == ["office"]


async def test_what_is_said_after_an_erasure_is_kept_apart_from_what_others_say(
    store: Store,
) -> None:
    await _fill(store)
    await _erase(store, *HOME)
    await _fill(store, ELSEWHERE)

    assert await store.messages.record(message("m9", "Back again"))

    assert [entry.text for entry in await store.messages.recent(ROOM, limit=5)] == ["Back again"]
    assert await store.messages.count(ELSEWHERE) == 2
    assert await store.messages.recent(THREAD, limit=5) == []


@pytest.mark.parametrize("where", [ROOM, THREAD])
async def test_what_is_said_after_the_newest_conversation_was_erased_is_kept(
    store: Store, where: ConversationKey
) -> None:
    await store.workspaces.joined(*HOME, at=later(-2))
    await store.messages.record(message(conversation=where))
    await _erase(store, *HOME)

    for number in range(2):
        assert await store.messages.record(message(f"m{number}", "Back", conversation=where))

    assert [entry.text for entry in await store.messages.recent(where, limit=5)] == ["Back"] * 2


async def test_erasing_again_and_again_leaves_one_nameless_row_at_most(
    store: Store, url: str
) -> None:
    for where in (ROOM, ELSEWHERE, ROOM):
        await _fill(store, where)
        await _erase(store, where.platform, where.workspace)

    num_rows = await _num_rows(url)
    assert num_rows.pop("conversations") == (1 if "sqlite" in url else 0)
    assert set(num_rows.values()) == {0}


async def test_a_workspace_left_long_ago_is_erased(store: Store) -> None:
    await _fill(store)
    await _fill(store, ELSEWHERE)
    await store.workspaces.left(*HOME, at=later(0))
    await store.workspaces.left(*HOME, at=later(6 * DAY))
    await store.workspaces.left(*OFFICE, at=later(5 * DAY))

    assert await erased(store, later(7 * DAY), grace=WEEK) == []
    assert await erased(store, later(8 * DAY), grace=WEEK) == [HOME]

    assert await store.messages.recent(ROOM, limit=5) == []
    assert await store.messages.count(ELSEWHERE) == 2


async def test_a_workspace_that_came_back_is_not_erased(store: Store) -> None:
    await _fill(store)
    await store.workspaces.left(*HOME, at=later(0))
    await store.workspaces.joined(*HOME, at=later(DAY))

    assert await erased(store, later(30 * DAY), grace=WEEK) == []

    assert await store.messages.count(ROOM) == 2


async def test_a_workspace_that_was_never_seen_joining_is_erased_after_it_was_left(
    store: Store,
) -> None:
    await store.messages.record(message())
    await store.workspaces.left(*HOME, at=later(0))

    assert await erased(store, later(8 * DAY), grace=WEEK) == [HOME]

    assert await store.messages.conversations("room") == []


async def test_a_workspace_that_comes_back_while_it_is_purged_is_present(store: Store) -> None:
    await _fill(store)
    await store.workspaces.left(*HOME, at=later(0))

    purged, back = await asyncio.gather(
        erased(store, later(30 * DAY), grace=WEEK),
        store.workspaces.joined(*HOME, at=later(30 * DAY)),
    )

    assert back
    assert purged in ([], [HOME])
    assert await store.workspaces.present("room") == ["home"]


async def test_a_note_is_what_was_written_last(store: Store) -> None:
    assert await store.notes.get("discord", "commands") is None

    await store.notes.set("discord", "commands", "abc")
    await store.notes.set("discord", "commands", "def")

    assert await store.notes.get("discord", "commands") == "def"
    assert await store.notes.get("slack", "commands") is None


async def test_a_note_about_an_erased_workspace_goes_with_it(store: Store) -> None:
    await store.notes.set("room", "hidden/home", "7")
    await store.notes.set("room", "hidden/office", "8")
    await store.workspaces.joined(*HOME, at=later(0))
    await store.workspaces.left(*HOME, at=later(1))
    await erased(store, later(1) + WEEK, grace=DAY * timedelta(minutes=1))

    assert await store.notes.get("room", "hidden/home") is None
    assert await store.notes.get("room", "hidden/office") == "8"
