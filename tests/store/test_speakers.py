import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.messages import Author
from bot.store import Store, StoredAbout
from tests.store.samples import ANN, BEN, EARSHOT, ROOM, START, THREAD, later, message, reply

HOME = (ROOM.platform, ROOM.workspace)


async def test_opting_out_wipes_what_was_said_so_far(store: Store) -> None:
    await store.messages.record_all(
        [
            message("m1", attachments=("a.png",)),
            message("m2", conversation=THREAD),
            message("m3", author=BEN),
        ]
    )

    assert await store.speakers.opt_out(*HOME, ANN) == 2

    (first, last) = await store.messages.recent(ROOM, limit=10)
    assert (first.hidden, first.text, first.attachments) == (True, "", ())
    assert (last.hidden, last.text) == (False, "Hello")


async def test_text_of_one_who_opted_out_is_never_stored(store: Store) -> None:
    await store.speakers.opt_out(*HOME, ANN)

    assert await store.messages.record(message(attachments=("a.png",), addressed=True))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert (entry.hidden, entry.text, entry.attachments) == (True, "", ())
    assert entry.addressed


async def test_an_edit_does_not_bring_hidden_text_in(store: Store) -> None:
    await store.speakers.opt_out(*HOME, ANN)
    await store.messages.record(message())

    assert not await store.messages.edit(ROOM, "m1", "my secret", at=later(1))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.text == ""


async def test_wiped_text_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    store = await Store.open(f"sqlite:///{file}")
    await store.messages.record_all(
        [message(f"m{n}", text=f"the password is swordfish {n}") for n in range(50)]
    )

    await store.speakers.opt_out(*HOME, ANN)

    await store.close()
    assert b"swordfish" not in file.read_bytes()
    assert not file.with_name("history.db-wal").exists()


async def test_after_opting_in_new_text_is_stored_and_old_stays_wiped(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.speakers.opt_out(*HOME, ANN)
    assert await store.speakers.is_opted_out(*HOME, ANN.id)

    await store.speakers.opt_in(*HOME, ANN.id, at=START)

    assert not await store.speakers.is_opted_out(*HOME, ANN.id)
    await store.messages.record(message("m2"))
    assert [entry.text for entry in await store.messages.recent(ROOM, limit=9)] == ["", "Hello"]


async def test_opting_out_holds_in_one_workspace_only(store: Store) -> None:
    elsewhere = replace(ROOM, workspace="office")
    await store.speakers.opt_out(*HOME, ANN)

    await store.messages.record(message(conversation=elsewhere))

    assert not await store.speakers.is_opted_out("room", "office", ANN.id)
    (entry,) = await store.messages.recent(elsewhere, limit=9)
    assert entry.text == "Hello"


async def test_opting_out_amid_a_flood_leaves_no_text_behind(store: Store) -> None:
    flood = [store.messages.record(message(f"m{n}")) for n in range(100)]

    await asyncio.gather(*flood[:50], store.speakers.opt_out(*HOME, ANN), *flood[50:])

    assert {entry.text for entry in await store.messages.recent(ROOM, limit=200)} == {""}


async def test_forgetting_leaves_tombstones_and_no_name(store: Store) -> None:
    await store.messages.record_all([message("m1"), message("m2", conversation=THREAD)])
    await store.messages.record(message("m3", author=BEN))

    assert await store.speakers.forget(*HOME, ANN.id, at=START) == 2

    (first, last) = await store.messages.recent(ROOM, limit=10)
    assert (first.deleted, first.text, first.author) == (True, "", Author(ANN.id, ""))
    assert (last.deleted, last.author) == (False, BEN)
    assert await store.speakers.forget(*HOME, ANN.id, at=START) == 0


async def test_forgetting_keeps_an_opt_out_and_learns_no_new_name(store: Store) -> None:
    await store.speakers.opt_out(*HOME, ANN)
    await store.speakers.forget(*HOME, ANN.id, at=START)

    await store.messages.record(message())

    assert await store.speakers.is_opted_out(*HOME, ANN.id)
    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.author.name == ""


async def test_one_who_speaks_again_after_being_forgotten_has_a_name_again(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.speakers.forget(*HOME, ANN.id, at=START)

    await store.messages.record(message("m2"))

    assert await store.speakers.names(ROOM) == [ANN]


async def test_what_was_said_before_being_forgotten_is_not_kept_however_late_it_comes(
    store: Store,
) -> None:
    await store.messages.record(message("m1"))
    await store.speakers.forget(*HOME, ANN.id, at=later(5))

    await store.messages.record(message("m2", sent_at=later(4), attachments=("a.png",)))
    await store.messages.record(message("m3", sent_at=later(5)))

    missed, new = (await store.messages.recent(ROOM, limit=9))[1:]
    assert (missed.hidden, missed.text, missed.attachments) == (True, "", ())
    assert (new.hidden, new.text) == (False, "Hello")


async def test_what_was_said_while_one_was_out_is_not_kept_after_opting_in(store: Store) -> None:
    await store.speakers.opt_out(*HOME, ANN)
    await store.speakers.opt_in(*HOME, ANN.id, at=later(5))

    room = await store.late.keep_room(9)
    await store.messages.record_all([message("m1", sent_at=later(4)), message("m2", author=BEN)])
    await store.late.record(room, [message("m3", sent_at=later(3))], upwards=True)

    said = await store.messages.recent(ROOM, limit=9)
    assert [(entry.id, entry.text) for entry in said] == [("m3", ""), ("m1", ""), ("m2", "Hello")]


async def test_who_was_never_out_loses_nothing_by_opting_in(store: Store) -> None:
    await store.messages.record(message("m1"))

    await store.speakers.opt_in(*HOME, ANN.id, at=later(5))
    await store.messages.record(message("m2", sent_at=later(4)))

    assert [entry.text for entry in await store.messages.recent(ROOM, limit=9)] == ["Hello"] * 2


async def test_one_of_whom_nothing_is_known_can_be_forgotten_beforehand(store: Store) -> None:
    assert await store.speakers.forget(*HOME, ANN.id, at=later(5)) == 0

    await store.messages.record(message(sent_at=later(4)))

    (entry,) = await store.messages.recent(ROOM, limit=9)
    assert (entry.text, entry.author.name) == ("", "")


async def test_what_comes_late_does_not_bring_a_forgotten_name_back(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.speakers.forget(*HOME, ANN.id, at=later(5))

    await store.messages.record(message("m2", sent_at=later(4)))

    assert await store.speakers.name(*HOME, ANN.id) is None


async def test_words_of_a_time_of_which_nothing_is_kept_are_told_from_others(store: Store) -> None:
    await store.speakers.forget(*HOME, ANN.id, at=later(5))
    await store.speakers.opt_out(*HOME, BEN)

    keeps = store.speakers.keeps

    assert not await keeps(*HOME, ANN.id, said_at=later(4))
    assert not await keeps(*HOME, ANN.id, said_at=None)
    assert await keeps(*HOME, ANN.id, said_at=later(5))
    assert not await keeps(*HOME, BEN.id, said_at=later(9))
    assert await keeps(*HOME, "9", said_at=None)


async def test_what_is_stored_about_a_person_is_told(store: Store) -> None:
    await store.messages.record_all(
        [message(f"m{n}", sent_at=later(n), conversation=THREAD) for n in range(4)]
    )
    await store.messages.record(message(author=BEN))
    await store.messages.delete(THREAD, "m3", at=later(9))

    about = await store.speakers.stored(*HOME, ANN.id)

    assert about == StoredAbout(3, START, later(2), opted_out=False)


async def test_nothing_is_stored_about_one_who_opted_out(store: Store) -> None:
    await store.messages.record(message())
    await store.speakers.opt_out(*HOME, ANN)

    assert await store.speakers.stored(*HOME, ANN.id) == StoredAbout(0, None, None, opted_out=True)


async def test_strangers_have_nothing_stored_and_nothing_to_forget(store: Store) -> None:
    assert await store.speakers.stored(*HOME, "9") == StoredAbout(0, None, None, opted_out=False)
    assert await store.speakers.forget(*HOME, "9", at=START) == 0
    assert not await store.speakers.is_opted_out(*HOME, "9")
    await store.speakers.opt_in(*HOME, "9", at=START)


async def test_names_are_those_of_people_the_latest_speaker_first(store: Store) -> None:
    await store.messages.record_all([message("m1", author=BEN), message("m2"), message("m3")])
    await store.messages.record(message("m4", author=Author("7", "Dicebot", is_bot=True)))
    await store.messages.record(message("m5", author=Author("8", "Cleo"), conversation=THREAD))
    await store.outbox.add(reply())
    await store.outbox.posted("k1", message_id="m6", author=EARSHOT, at=later(2))

    assert await store.speakers.names(ROOM) == [ANN, BEN]


async def test_names_of_long_ago_are_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.speakers.MAX_LOOKED_BACK", 2)
    await store.messages.record_all([message("m1", author=BEN), message("m2"), message("m3")])

    assert await store.speakers.names(ROOM) == [ANN]


async def test_the_same_id_in_another_workspace_is_not_mixed_up(store: Store) -> None:
    office = replace(ROOM, workspace="office")
    await store.speakers.opt_out("room", "office", ANN)
    await store.messages.record_all([message("m1"), message("m2", author=BEN, conversation=office)])

    await store.messages.record_all(
        [message("m3"), message("m4", conversation=office), message("m5", author=BEN)]
    )

    assert [entry.text for entry in await store.messages.recent(ROOM, limit=9)] == ["Hello"] * 3
    assert [entry.text for entry in await store.messages.recent(office, limit=9)] == ["Hello", ""]


async def test_a_bot_is_known_as_one(store: Store) -> None:
    dicebot = Author("7", "Dicebot", is_bot=True)

    await store.messages.record(message(author=dicebot))

    entry = await store.messages.find(ROOM, "m1")
    assert entry is not None
    assert entry.author == dicebot


def test_this_sqlite_overwrites_what_is_deleted() -> None:
    connection = sqlite3.connect(":memory:")

    (on,) = connection.execute("PRAGMA secure_delete=ON").fetchone()

    assert on == 1
    connection.close()


async def test_a_person_s_name_is_the_one_last_seen_in_that_workspace(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.messages.record(message("m2", author=replace(ANN, name="Anna")))

    assert await store.speakers.name("room", "home", ANN.id) == "Anna"
    assert await store.speakers.name("room", "office", ANN.id) is None

    await store.speakers.forget("room", "home", ANN.id, at=START)
    assert await store.speakers.name("room", "home", ANN.id) is None


async def test_the_last_name_of_a_person_is_known_until_it_is_forgotten(store: Store) -> None:
    await store.messages.record(message(author=ANN))
    assert await store.speakers.name("room", "home", ANN.id) == ANN.name

    await store.speakers.forget("room", "home", ANN.id, at=START)
    assert await store.speakers.name("room", "home", ANN.id) is None
    assert await store.speakers.name("room", "home", "nobody") is None
