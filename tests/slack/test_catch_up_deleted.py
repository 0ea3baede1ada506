"""Replies that were deleted while nobody listened: found by the number that Slack tells."""

import pytest

from tests.slack.missing import ago, listening_bot


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


async def heard_thread(slack, bot, *texts):
    """Let it hear a thread, an hour between two replies; give what it hangs on, and they."""
    said = await slack.says("Ben", "general", "root", ago=ago(hours=len(texts) + 1), tell=False)
    await bot.hears(said)
    replies = []
    for number, text in enumerate(texts):
        past = ago(hours=len(texts) - number)
        replies.append(await slack.says("Ben", "general", text, thread=said, ago=past, tell=False))
        await bot.hears(replies[-1])
    await bot.pipeline.conversations.drain()
    return said, replies


@pytest.mark.parametrize("number", [0, 1])
async def test_a_reply_deleted_in_a_quiet_thread_is_forgotten(slack, bot, number):
    root, replies = await heard_thread(slack, bot, "one", "two")
    await slack.deletes(replies[number])

    bot.restart()
    await bot.sweeps()

    kept = [each.text for each in await bot.entries(thread=root) if not each.deleted]
    assert kept == ["root", "two" if number == 0 else "one"]


async def test_the_last_reply_of_a_quiet_thread_is_forgotten_with_it(slack, bot):
    root, (reply,) = await heard_thread(slack, bot, "one")
    await slack.deletes(reply)

    bot.restart()
    await bot.sweeps()

    assert [each.text for each in await bot.entries(thread=root) if not each.deleted] == ["root"]


async def test_a_quiet_thread_that_lacks_nothing_is_not_asked_for(slack, bot):
    await heard_thread(slack, bot, "one", "two")
    num_asked = len(slack.asked("conversations.replies"))

    bot.restart()
    await bot.sweeps()

    assert len(slack.asked("conversations.replies")) == num_asked
