"""Two bots on one PostgreSQL, Slack's events to both in turn: nothing is lost, and nothing doubled."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.slack.processes import bot_process
from tests.slack.weather import QUESTION, Weather
from tests.waiting import WITHIN_S, seen

PLACES = ["general", "tea", "cake"]
REPLY = "The capital of France is| Paris."


@pytest.fixture
def chat(slack, postgresql_url):
    for name in PLACES[1:]:
        slack.add_channel(name)
    over_http = {
        "slack_app_token": None,
        "slack_signing_secret": slack.signing_secret,
        "slack_port": 0,
    }
    return Weather(slack, postgresql_url, changes=over_http)


def address(slack):
    return slack.http.urls["events_api"]


@pytest.fixture
async def twins(chat, slack):
    """Two bots that each greeted their channels, and take what comes in turn."""
    bots, addresses = [chat, chat.beside()], []
    async with AsyncExitStack() as stack:
        for bot in bots:
            await stack.enter_async_context(bot.running())
            addresses.append(address(slack))
            for place in PLACES:
                await bot.greeted(place)
        slack.http.use(*addresses)
        yield bots
        for bot in bots:
            await bot.settled()


async def asks(chat, where="general", more=""):
    mention = chat.slack.bot.mention
    return await chat.slack.says("Alice", where, f"{mention} {QUESTION}{more}")


async def both_settled(bots):
    await bots[0].slack.until_delivered()
    for _ in range(2):
        for bot in bots:
            await bot.settled()


async def test_each_question_has_one_answer_and_stands_in_the_history_once(twins, slack):
    first, _ = twins
    for number in range(4):
        for place in PLACES:
            await asks(first, place, f" {number}")
        await both_settled(twins)

    for place in PLACES:
        await slack.until(lambda: len(first.posts(place)) == 4)  # noqa: B023 - awaited here
        assert first.posts(place) == ["Paris."] * 4
        texts = await first.texts(place)
        asked = [f"@Earshot {QUESTION} {number}" for number in range(4)]
        assert sorted(texts) == sorted([*asked, *["Paris."] * 4])
    assert all(bot.model.asked for bot in twins)


async def test_edits_and_deletions_reach_whoever_heard_it_or_not(twins, slack):
    first, _ = twins
    kept = await slack.says("Alice", "general", "tea at four")
    gone = await slack.says("Ben", "general", "oops")
    asked = await asks(first)
    await both_settled(twins)
    await slack.until(lambda: first.posts() == ["Paris."])

    await slack.edits(kept, "tea at five")
    await slack.deletes(gone)
    await slack.deletes(asked)
    await both_settled(twins)
    await slack.until(lambda: first.posts() == [])

    assert await first.texts() == ["tea at five"]


async def test_an_event_that_one_is_slow_with_comes_to_the_other_and_is_heard_once(twins, slack):
    first, _ = twins
    gate = slack.faults.hold(on="users.info")
    slack.http.answer_within_s, slack.http.retry_after_s = 0.2, (0.1,) * 100
    asked = await asks(first)
    await gate.reached.wait()
    slack.http.answer_within_s = WITHIN_S  # for the other
    await seen(lambda: any("ok" in one.tries[1:] for one in slack.deliveries.all))

    gate.open()
    await both_settled(twins)
    await slack.until(first.posts)

    assert [each.thread_ts for each in first.messages()] == [asked.ts]
    assert await first.texts() == [f"@Earshot {QUESTION}", "Paris."]
    retried = [one for one in slack.deliveries.all if len(one.tries) > 1]
    assert retried
    assert all(one.acknowledged for one in slack.deliveries.all)


async def test_what_a_killed_process_left_is_answered_by_the_other(chat, slack):
    async with bot_process(chat, REPLY) as other, chat.running():
        chat.model.reply_text = REPLY.replace("|", "")
        own = address(slack)
        await chat.greeted()
        await other.opened()
        slack.http.use(f"{other.address}/slack/events")
        asked = await asks(chat)
        await slack.until(lambda: chat.posts() == ["The capital of France is"])

        await other.kill()
        slack.http.use(f"{other.address}/slack/events", own)  # half of all goes nowhere at first
        second = await slack.says("Ben", "tea", f"{slack.bot.mention} {QUESTION}")
        await slack.until_delivered()
        await slack.until(lambda: chat.posts("tea") == ["The capital of France is Paris."])
        await _taken_up(chat)

        assert [each.thread_ts for each in chat.messages()] == [asked.ts]
        assert [each.thread_ts for each in chat.messages("tea")] == [second.ts]
        whole = "The capital of France is Paris."
        assert chat.posts() == [whole]
        assert await chat.texts() == [f"@Earshot {QUESTION}", whole]
        assert await chat.texts("tea") == [f"@Earshot {QUESTION}", whole]


async def _taken_up(chat):
    """Let the bot look for what is left, until it has found it: PostgreSQL has to see the end first."""
    async with asyncio.timeout(WITHIN_S):
        while chat.posts() != ["The capital of France is Paris."]:
            chat.naps.over()
            await asyncio.sleep(0.05)
            await chat.settled()
    await chat.settled()  # what is posted is recorded a moment later
