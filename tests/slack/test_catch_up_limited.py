"""What was missed where Slack gives 15 messages a request, and one request a minute."""

import logging

import pytest

from tests.slack.missing import ago, listening_bot

NOW = ago()


@pytest.fixture
async def bot(slack, database_url):
    slack.team.is_limited = True
    async with listening_bot(slack, database_url) as running:
        yield running


@pytest.fixture(autouse=True)
def _all_logs(caplog):
    caplog.set_level(logging.INFO)


async def missed(slack, first, last, *, where="general", minutes=60, **more):
    """Let Ben count from one number to another, a second apart, and nobody hears it."""
    for number in range(first, last + 1):
        past = ago(minutes=minutes, seconds=-(number - first))
        await slack.says("Ben", where, str(number), ago=past, tell=False, **more)


def numbers(first, last):
    return [str(number) for number in range(first, last + 1)]


async def minute_later(slack, bot):
    slack.clock.advance(61)
    await bot.catch_up.try_again()


async def test_a_short_gap_is_closed_with_one_request(slack, bot):
    await missed(slack, 1, 12)

    await bot.sweeps()

    assert await bot.texts() == numbers(1, 12)


async def test_a_long_gap_is_closed_a_page_a_minute_in_the_order_of_time(slack, bot):
    await missed(slack, 1, 40)

    await bot.sweeps()
    assert await bot.texts() == numbers(26, 40)
    await bot.catch_up.try_again()
    assert await bot.texts() == numbers(26, 40)  # the minute is not over
    await minute_later(slack, bot)
    assert await bot.texts() == numbers(11, 40)
    await minute_later(slack, bot)

    assert await bot.texts() == numbers(1, 40)
    assert slack.refusals == []


async def test_what_is_said_meanwhile_is_heard_at_once_and_stands_last(slack, bot):
    await missed(slack, 1, 40)

    await bot.hears(await slack.says("Ben", "general", "41"))
    await bot.hears(await slack.says("Ben", "general", "42"))
    assert await bot.texts() == numbers(26, 42)
    await minute_later(slack, bot)
    await bot.hears(await slack.says("Ben", "general", "43"))
    await minute_later(slack, bot)

    assert await bot.texts() == numbers(1, 43)
    await bot.pipeline.conversations.drain()
    assert bot.platform.posts == []


async def test_a_place_that_has_to_wait_is_heard_at_once_too(slack, bot):
    tea = slack.add_channel("tea")
    await bot.invited(tea)
    await missed(slack, 1, 20)
    await missed(slack, 1, 3, where="tea")

    await bot.hears(await slack.says("Ben", "general", "21"))
    await bot.hears(await slack.says("Ben", "tea", "4"))
    assert await bot.texts(tea) == ["4"]
    await minute_later(slack, bot)
    await minute_later(slack, bot)

    assert await bot.texts(tea) == numbers(1, 4)
    assert await bot.texts() == numbers(1, 21)


async def test_a_question_is_answered_while_the_gap_is_open(slack, bot):
    await missed(slack, 1, 20)

    question = f"{slack.bot.mention} what is the capital of France?"
    await bot.hears(await slack.says("Ben", "general", question))
    await minute_later(slack, bot)
    await bot.pipeline.conversations.drain()

    assert bot.platform.posts == ["Paris."]


async def test_a_restart_goes_on_where_a_stop_ended(slack, bot):
    await missed(slack, 1, 40)
    await bot.hears(await slack.says("Ben", "general", "41"))

    await minute_later(slack, bot)
    assert await bot.texts() == numbers(11, 41)
    bot.restart()
    slack.clock.advance(61)
    await bot.sweeps()  # nothing new
    await minute_later(slack, bot)

    assert await bot.texts() == numbers(1, 41)
    assert len(slack.asked("conversations.history")) == 4


async def test_a_gap_that_came_before_another_is_closed_after_it(slack, bot):
    await missed(slack, 1, 20)
    await bot.hears(await slack.says("Ben", "general", "21", ago=ago(minutes=50)))
    await missed(slack, 22, 40, minutes=40)

    bot.restart()
    await bot.hears(await slack.says("Ben", "general", "41"))  # Slack still lets nothing be read
    for _ in range(5):
        await minute_later(slack, bot)

    assert await bot.texts() == numbers(1, 41)


async def test_a_thread_is_closed_a_page_a_minute_in_the_order_of_time(slack, bot):
    parent = await slack.says("Alice", "general", "count", ago=ago(minutes=90), tell=False)
    await missed(slack, 1, 40, thread=parent)

    await bot.sweeps()
    await bot.hears(await slack.says("Ben", "general", "41", thread=parent))
    assert await bot.texts(thread=parent) == ["count", *numbers(1, 15), "41"]
    await minute_later(slack, bot)
    await minute_later(slack, bot)

    assert await bot.texts(thread=parent) == ["count", *numbers(1, 41)]
    await bot.catch_up.try_again()
    assert slack.refusals == []


async def test_where_people_wait_comes_first(slack, bot):
    for name in ("sea", "tea", "zoo"):
        await bot.invited(slack.add_channel(name))
        await missed(slack, 1, 20, where=name)
    await missed(slack, 1, 3)
    await bot.hears(await slack.says("Ben", "general", "4"))  # the only request of this minute
    await bot.hears(await slack.says("Ben", "zoo", "21"))

    await bot.sweeps()
    slack.clock.advance(61)
    await bot.catch_up.try_again()

    asked = [call.args["channel"] for call in slack.asked("conversations.history")]
    assert set(asked[1:]) == {slack.channel("zoo").id}


async def test_a_limit_that_is_told_is_waited_for(slack, bot):
    slack.team.is_limited = False
    slack.faults.rate_limit(30, on="conversations.history")
    await missed(slack, 1, 3)

    await bot.sweeps()
    await bot.catch_up.try_again()
    slack.clock.advance(29)
    await bot.catch_up.try_again()
    assert len(slack.asked("conversations.history")) == 1
    slack.clock.advance(2)
    await bot.catch_up.try_again()

    assert await bot.texts() == numbers(1, 3)


async def test_history_that_was_cleared_meanwhile_stays_cleared(slack, bot):
    await missed(slack, 1, 40)
    await bot.sweeps()

    where = bot.place(slack.general)
    await bot.store.messages.clear(where)
    await minute_later(slack, bot)
    await minute_later(slack, bot)

    assert [text for text in await bot.texts() if text] == []


async def test_a_thread_heard_before_it_could_be_fetched_begins_with_what_it_hangs_on(slack, bot):
    parent = await slack.says("Alice", "general", "count", ago=ago(minutes=90), tell=False)
    await missed(slack, 1, 5, thread=parent)
    await bot.sweeps()
    slack.faults.rate_limit(60, on="conversations.replies")
    bot.restart()

    await bot.hears(await slack.says("Ben", "general", "6", thread=parent))
    await minute_later(slack, bot)

    assert await bot.texts(thread=parent) == ["count", *numbers(1, 6)]


async def test_the_quota_for_threads_is_one_of_its_own(slack, bot):
    parent = await slack.says("Alice", "general", "count", ago=ago(minutes=90), tell=False)
    await missed(slack, 1, 5, thread=parent)
    await missed(slack, 1, 20)

    await bot.sweeps()

    assert await bot.texts() == numbers(6, 20)
    await minute_later(slack, bot)
    assert await bot.texts() == ["count", *numbers(1, 20)]
    assert await bot.texts(thread=parent) == ["count", *numbers(1, 5)]
    assert slack.refusals == []


async def test_a_connection_that_breaks_while_a_gap_is_open_leaves_another(slack, bot):
    await missed(slack, 1, 20)
    await bot.hears(await slack.says("Ben", "general", "21"))
    bot.catch_up.gap_began(None)
    for number in (22, 23):
        await slack.says("Ben", "general", str(number), tell=False)

    await bot.hears(await slack.says("Ben", "general", "24"))
    assert await bot.texts() == [*numbers(6, 21), "24"]
    await minute_later(slack, bot)
    await minute_later(slack, bot)

    assert await bot.texts() == numbers(1, 24)
