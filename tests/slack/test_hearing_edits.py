"""Which of Slack's changes are edits, which are deletions, and which are nothing of the kind."""

import pytest

from bot.platforms.edits import Edited
from bot.platforms.slack.edits import deleted_id, edited, edited_id
from tests.slack.directory import (
    BOT,
    BOT_ID,
    GENERAL,
    HELPER,
    TS,
    Directory,
    people,
    rich,
    said,
    served,
)

PREVIEW = {"from_url": "https://x.example/", "title": "The plan", "id": 1}
EDITED = {"edited": {"user": "U1", "ts": "1777636900.000000"}}
PARENT = "1777636000.000200"


@pytest.fixture
async def hears():
    everybody = people()

    async with served(Directory()) as team:

        async def hear(event):
            return await edited(event, team=team, people=everybody)

        yield hear


def changed(now, before=None):
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": GENERAL,
        "ts": "1777636900.000100",
        "message": now,
        **({"previous_message": before} if before is not None else {}),
    }


async def test_an_edit_gives_the_new_words(hears):
    event = changed(said("lunch at one <@W2>", **EDITED), said("lunch at noon"))

    assert await hears(event) == Edited("lunch at one @Otto M.")
    assert edited_id(event) == TS


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (said("see x.example", attachments=[PREVIEW]), said("see x.example")),
        (said("hi", reply_count=2, thread_ts=TS), said("hi")),
        (said("hi", edited={}), said("hi", edited={})),
        (said("hi", user=BOT, bot_id=BOT_ID, **EDITED), said("h", user=BOT, bot_id=BOT_ID)),
        (said("New chat", subtype="assistant_app_thread"), said("")),
        (said("", subtype="tombstone", user="USLACKBOT"), said("hi")),
        (said("hi", ts=None), said("ho")),
        ({}, {}),
    ],
)
async def test_what_nobody_edited_is_no_edit(hears, now, before):
    assert await hears(changed(now, before)) is None


async def test_a_preview_that_is_there_goes_with_an_edit(hears):
    now = said("see <https://x.example/>!", attachments=[PREVIEW], **EDITED)

    told = await hears(changed(now, said("see <https://x.example/>", attachments=[PREVIEW])))

    assert told == Edited("see https://x.example/!", ("link: The plan",))


async def test_a_bot_edits_its_blocks_and_cards(hears):
    bot = {"user": HELPER, "bot_id": "B3"}
    blocks = rich({"type": "text", "text": "green"})

    in_blocks = await hears(changed(said("", blocks=blocks, **bot), said("", blocks=rich(), **bot)))
    in_card = await hears(
        changed(said("", attachments=[{"text": "7"}], **bot), said("", attachments=[], **bot))
    )

    assert (in_blocks, in_card) == (Edited("green"), Edited("", ("card: 7",)))


async def test_a_file_that_was_deleted_is_an_edit(hears):
    file = {"id": "F1", "name": "a.png", "mimetype": "image/png", "mode": "hosted"}
    gone = {"id": "F1", "mode": "tombstone"}

    told = await hears(changed(said("look", files=[gone]), said("look", files=[file])))

    assert told == Edited("look", ("a deleted file",))


async def test_an_edit_without_what_was_before_counts(hears):
    assert await hears(changed(said("hello", **EDITED))) == Edited("hello")


@pytest.mark.parametrize(
    ("event", "message_id"),
    [
        ({"subtype": "message_deleted", "deleted_ts": TS, "previous_message": said()}, TS),
        ({"subtype": "message_deleted", "previous_message": said()}, TS),
        (changed(said("This message was deleted.", subtype="tombstone"), said()), TS),
        ({"subtype": "message_deleted"}, None),
        (changed(said("hi"), said()), None),
        (said("hi"), None),
        (changed({"subtype": "tombstone"}), None),
    ],
)
def test_deletions_are_told_also_of_what_has_a_thread_below_it(event, message_id):
    assert deleted_id(event) == message_id
