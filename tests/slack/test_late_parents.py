"""A thread whose beginning Slack could not tell at first gets it later, and it stands first there."""

import pytest

from bot.messages import Author, Mode, Rule
from tests.slack.missing import listening_bot


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        await running.store.channels.change(running.place(slack.general), mode=Mode.LISTEN)
        await running.sweeps()
        yield running


@pytest.fixture
async def asked(bot, slack):
    """Give what a thread hangs on, of which the bot never heard."""
    return await slack.says("Alice", "general", "who has the ladder?", tell=False)


async def reply(bot, slack, asked, text, *, later_s=0):
    slack.clock.advance(later_s)
    said = await slack.says("Ben", "general", text, thread=asked)
    await bot.hears(said)


async def test_the_next_message_brings_the_parent_and_it_stands_first(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies")
    await reply(bot, slack, asked, "I have")
    assert await bot.texts(thread=asked) == ["I have"]

    await reply(bot, slack, asked, "the long one", later_s=31)

    assert await bot.texts(thread=asked) == ["who has the ladder?", "I have", "the long one"]
    kept = await bot.store.decisions.last(bot.place(slack.general, thread=asked), 5)
    assert [each.decision.rule for each in kept if each.message_id == asked.ts] == [
        Rule.THREAD_START
    ]


async def test_a_restart_does_not_forget_what_a_thread_lacks(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies")
    await reply(bot, slack, asked, "I have")

    bot.restart()
    await reply(bot, slack, asked, "the long one")

    assert await bot.texts(thread=asked) == ["who has the ladder?", "I have", "the long one"]


async def test_no_message_waits_for_a_slack_that_could_not_tell_just_now(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies", times=9)

    for text in ("I have", "the long one", "take it"):
        await reply(bot, slack, asked, text, later_s=5)

    assert len(slack.asked("conversations.replies")) == 1


async def test_once_it_has_its_parent_slack_is_asked_no_more(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies")
    for text in ("I have", "the long one", "take it"):
        await reply(bot, slack, asked, text, later_s=31)
    bot.restart()
    bot.catch_up.listening.close(bot.place(slack.general, thread=asked))

    await reply(bot, slack, asked, "thanks")

    assert len(slack.asked("conversations.replies")) == 2
    assert len(await bot.texts(thread=asked)) == 5


async def test_a_parent_that_was_deleted_meanwhile_is_awaited_no_more(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies")
    await reply(bot, slack, asked, "I have")

    await slack.deletes(asked)
    for text in ("the long one", "take it"):
        await reply(bot, slack, asked, text, later_s=31)

    assert await bot.texts(thread=asked) == ["I have", "the long one", "take it"]
    assert len(slack.asked("conversations.replies")) == 2


async def test_what_was_forgotten_meanwhile_does_not_come_back(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies")
    await reply(bot, slack, asked, "I have")

    await bot.store.messages.clear(bot.place(slack.general, thread=asked))
    await reply(bot, slack, asked, "the long one", later_s=31)

    assert [text for text in await bot.texts(thread=asked) if text] == ["the long one"]


async def test_a_late_parent_of_somebody_who_opted_out_has_no_words(bot, slack, asked):
    slack.faults.rate_limit(20, on="conversations.replies")
    await reply(bot, slack, asked, "I have")

    alice = Author(asked.user.id, "Alice")
    await bot.store.speakers.opt_out("slack", slack.team.id, alice)
    await reply(bot, slack, asked, "the long one", later_s=31)

    assert await bot.texts(thread=asked) == ["", "I have", "the long one"]
