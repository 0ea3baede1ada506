"""Replies that grow where people read them, and what becomes of them when something goes wrong."""

import asyncio

import pytest

from bot.errors import PlatformUnavailable
from bot.platforms.drafts import MIN_CHARS, Draft
from tests.discord.speaking import KEY, edits
from tests.naps import Naps, Pace

POST = "POST */messages"
BEGUN = "Turin is quite far away"  # words worth a look
WHOLE = f"{BEGUN}: about 250 km."
LONG = "\n\n".join(" ".join([f"word{number}"] * 200) for number in range(3))  # three messages


def drafting() -> list[asyncio.Task[None]]:
    """Give the tasks that show drafts."""
    return [each for each in asyncio.all_tasks() if "Draft." in each.get_coro().__qualname__]


async def test_the_first_words_are_shown_and_become_the_reply(server, earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await server.until(lambda: earshot.texts)

    message_id = await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = server.posts(server.general)
    assert (message.id, message.versions) == (message_id, [BEGUN, WHOLE])
    assert message.reply_to_id == draft.reply_to


async def test_drafts_are_edited_at_most_once_a_second_with_the_newest_words(
    server, earshot, draft
):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    for number in range(50):
        await earshot.platform.draft(draft, f"{BEGUN} {number}")

    earshot.pace.go()
    await earshot.pace.asked_for(2)

    assert edits(server) == [f"{BEGUN} 49"]
    assert earshot.pace.asked == [1.0, 1.0]


async def test_a_draft_that_does_not_grow_is_not_edited(server, earshot, draft):
    await earshot.platform.draft(draft, WHOLE)
    await earshot.pace.asked_for(1)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert edits(server) == []


async def test_a_draft_is_written_down_before_its_first_words_are_shown(server, earshot, draft):
    gate = server.faults.hold(on=POST)
    await earshot.platform.draft(draft, BEGUN)
    await gate.reached.wait()

    known = [item.key for item in await earshot.store.outbox.drafts("discord")]

    gate.open()
    assert known == [KEY]


async def test_a_draft_grows_into_more_messages(server, earshot, draft):
    await earshot.platform.draft(draft, LONG[:500])
    await earshot.pace.asked_for(1)
    await earshot.platform.draft(draft, LONG[:2500])
    earshot.pace.go()
    await earshot.pace.asked_for(2)

    assert len(earshot.texts) == 2
    await earshot.platform.post(await earshot.written(draft, LONG))

    assert "\n\n".join(earshot.texts) == LONG
    assert len(await earshot.store.outbox.parts(KEY)) == 3


async def test_code_that_grew_too_long_becomes_a_file_and_its_messages_go(server, earshot, draft):
    code = "x = 12345\n" * 300
    await earshot.platform.draft(draft, f"So:\n```py\n{code}")
    await earshot.pace.asked_for(1)
    assert len(earshot.texts) == 2

    await earshot.platform.post(await earshot.written(draft, f"So:\n```py\n{code}```"))

    (message,) = server.posts(server.general)
    assert (message.content, message.attachments[0].content.decode()) == ("So:", code)


async def test_a_channel_may_want_whole_replies_only(server, earshot, draft):
    await earshot.store.channels.change(earshot.where, stream_replies=False)

    await earshot.platform.draft(draft, BEGUN)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = server.posts(server.general)
    assert message.versions == [WHOLE]


async def test_a_draft_waits_for_nobody(server, earshot, draft):
    gate = server.faults.hold(on=POST)

    await earshot.platform.draft(draft, BEGUN)
    await gate.reached.wait()
    await earshot.platform.draft(draft, WHOLE)

    gate.open()
    assert await earshot.platform.post(await earshot.written(draft, WHOLE))
    assert earshot.texts == [WHOLE]


async def test_a_withdrawn_draft_is_gone(server, earshot, draft):
    await earshot.platform.draft(draft, LONG[:2500])
    await earshot.pace.asked_for(1)
    assert len(earshot.texts) == 2

    await earshot.platform.withdraw(draft)

    assert earshot.texts == []


async def test_a_draft_withdrawn_before_it_is_shown_never_is(server, earshot, draft):
    await earshot.platform.draft(draft, "Tu")

    await earshot.platform.withdraw(draft)

    assert server.asked("POST", "/messages") == []


async def test_a_platform_that_is_closed_leaves_no_task_behind(earshot, draft):
    await earshot.platform.draft(draft, BEGUN)
    await earshot.pace.asked_for(1)
    assert drafting()

    await earshot.platform.close()

    assert not drafting()


async def test_few_words_are_shown_after_a_while():
    shown, texts = asyncio.Event(), []

    async def show(text: str) -> None:
        texts.append(text)
        shown.set()

    draft = Draft(show, sleep=Pace(), first_wait_s=0.01)
    draft.write("Tu")
    await shown.wait()
    await draft.stop()

    assert texts == ["Tu"]


async def test_enough_words_are_shown_at_once():
    shown, texts = asyncio.Event(), []

    async def show(text: str) -> None:
        texts.append(text)
        shown.set()

    draft = Draft(show, sleep=Pace(), first_wait_s=3600.0)
    draft.write("x" * (MIN_CHARS - 1))
    draft.write("x" * MIN_CHARS)
    await shown.wait()
    await draft.stop()

    assert texts == ["x" * MIN_CHARS]


@pytest.mark.parametrize("error", [PlatformUnavailable("busy"), RuntimeError("a defect")])
async def test_a_draft_goes_on_after_trouble(error, caplog):
    naps, texts = Naps(), []
    twice = asyncio.Event()

    async def show(text: str) -> None:
        texts.append(text)
        if len(texts) == 2:
            twice.set()
        draft.write(f"{WHOLE} {len(texts)}")
        raise error

    draft = Draft(show, sleep=naps)
    draft.write(WHOLE)
    await twice.wait()
    await draft.stop()

    assert texts[:2] == [WHOLE, f"{WHOLE} 1"]
    assert "draft" in caplog.text


async def test_nothing_is_shown_after_the_end():
    async def show(text: str) -> None:
        raise AssertionError(text)

    draft = Draft(show)
    draft.write("   ")
    await draft.stop()
    draft.write(WHOLE)

    assert len(asyncio.all_tasks()) == 1
