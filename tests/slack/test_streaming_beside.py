"""Replies that grow in one thread at once: to clear one away leaves the other where it is."""

import asyncio
from dataclasses import replace

import pytest

from bot.errors import StoreError
from bot.messages import OutboxStatus
from tests.slack.speaking import Speaker, speaker

BEGUN = "Milan is quite near"  # words worth a look
WHOLE = "Milan is quite near, that much is sure."
START = "chat.startStream"


@pytest.fixture
async def earshot(slack, database_url):
    async with speaker(slack, database_url) as speaks:
        yield speaks


@pytest.fixture
async def above(earshot):
    """A reply to a question in the channel, which stands in the thread below it."""
    asked = await earshot.asked()
    return earshot.begun(earshot.where, asked.ts)


@pytest.fixture
async def below(earshot, above):
    """A reply to a question in that thread."""
    asked = await earshot.asked("and Milan?", thread=above.reply_to)
    where = earshot.key_of(asked.channel, thread=above.reply_to)
    return replace(earshot.begun(where, asked.ts), key="f" * 24)


async def shown(speaks, draft, text):
    """Show words, and wait until that is done."""
    num_asked = len(speaks.pace.asked)
    await speaks.platform.draft(draft, text)
    await speaks.pace.asked_for(num_asked + 1)


async def test_a_draft_of_another_process_is_cleared_away_alone(earshot, above, below):
    await earshot.store.outbox.begin(above)
    await shown(earshot, below, BEGUN)
    earshot.server.clock.advance(1.0)
    other = Speaker(earshot.server, earshot.store)

    await other.platform.withdraw(replace(above, status=OutboxStatus.DRAFT))
    await earshot.platform.post(await earshot.written(below, WHOLE))

    assert earshot.texts == [WHOLE]


async def test_a_lost_stream_is_cleared_away_alone(slack, earshot, above, below):
    slack.faults.reset(on=START, after=True)
    await shown(earshot, above, "Turin is quite far away")
    await shown(earshot, below, BEGUN)

    await earshot.platform.withdraw(above)
    await earshot.platform.post(await earshot.written(below, WHOLE))

    assert earshot.texts == [WHOLE]


async def test_a_stream_that_just_begins_is_not_cleared_away(slack, earshot, above, below):
    slack.faults.reset(on=START, after=True)
    await shown(earshot, above, "Turin is quite far away")
    gate = slack.faults.hold(on=START, after=True)
    await earshot.platform.draft(below, BEGUN)
    await gate.reached.wait()

    removing = asyncio.create_task(earshot.platform.withdraw(above))
    await slack.until(lambda: slack.asked("conversations.replies"))
    gate.open()
    await removing
    await earshot.platform.post(await earshot.written(below, WHOLE))

    assert earshot.texts == [WHOLE]


async def test_that_one_person_gets_no_stream_keeps_none_from_others(slack, earshot, above, below):
    slack.team.stream_error = "user_not_found"
    await shown(earshot, above, "Turin is quite far away")
    slack.team.stream_error = None

    await shown(earshot, below, BEGUN)

    assert [post.streamed for post in slack.posts("general")] == [False, True]


async def test_a_stream_that_could_not_be_written_down_is_not_cleared_away(
    slack, earshot, above, below, monkeypatch
):
    async def failing(key, number, message_id):
        raise StoreError("the disk is full")

    slack.faults.reset(on=START, after=True)
    await shown(earshot, above, "Turin is quite far away")
    monkeypatch.setattr(earshot.store.outbox, "part_posted", failing)
    await shown(earshot, below, BEGUN)

    await earshot.platform.withdraw(above)
    await earshot.platform.post(await earshot.written(below, WHOLE))

    assert earshot.texts == [WHOLE]
