"""What Slack gave up after something newer was heard: found by what its pages show all the same."""

import pytest

from tests.slack.missing import listening_bot


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


async def test_what_nobody_heard_before_something_newer_is_recorded_though_it_stands_last(
    slack, bot
):
    await bot.hears(await slack.says("Ben", "general", "one"))
    await slack.says("Ben", "general", "two", tell=False)
    await bot.hears(await slack.says("Ben", "general", "three"))

    bot.catch_up.gap_began(bot.team.id)
    await bot.sweeps()

    assert await bot.texts() == ["one", "three", "two"]


async def test_a_reply_nobody_heard_before_something_newer_is_recorded(slack, bot):
    parent = await slack.says("Alice", "general", "who has tea?")
    await bot.hears(parent)
    await slack.says("Ben", "general", "I have", thread=parent, tell=False)
    newer = await slack.says("Cleo", "general", "Me too", thread=parent)
    await bot.hears(newer)

    bot.restart()
    await bot.sweeps()

    assert await _said(bot, slack.general, thread=parent) == ["who has tea?", "Me too", "I have"]


async def test_what_was_said_below_a_message_in_a_direct_chat_does_not_hide_it(slack, bot):
    chat = slack.dm("Alice")
    await bot.hears(await slack.says("Alice", chat, "one"))
    question = await slack.says("Alice", chat, "two", tell=False)
    await bot.hears(await slack.says("Alice", chat, "three"))
    below = await slack.says("Alice", chat, "below", thread=question)
    await bot.hears(below)

    bot.restart()
    await bot.sweeps()

    assert await _said(bot, chat) == ["one", "three", "two"]
    assert await _said(bot, chat, thread=question) == ["two", "below"]


async def _said(bot, channel, *, thread=None):
    """List what people said in a place."""
    entries = await bot.entries(channel, thread=thread)
    return [each.text for each in entries if not each.from_assistant]
