"""Whatever happens to the bot or to its clock while it answers, people get one answer."""

import pytest

from tests.clock import hours_off, tells_hours_off
from tests.fakes import PausingModel
from tests.logs import logged
from tests.slack.weather import QUESTION, Weather, asks


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


async def test_a_bot_told_to_stop_while_it_writes_answers_after_its_next_start(chat, slack):
    chat.model = PausingModel(reply_text="The capital is| Paris.")
    async with chat.running():
        await chat.greeted()
        asked = await asks(chat)
        await slack.until(lambda: chat.posts() == ["The capital is"])

    chat.model = PausingModel(reply_text="The capital is Paris.")
    chat.model.may_go_on.set()
    async with chat.running():
        await slack.until(lambda: chat.posts() == ["The capital is Paris."])
        await chat.until(lambda: _is_answered(chat))
        assert [each.thread_ts for each in chat.messages()] == [asked.ts]
        assert await chat.texts() == [f"@Earshot {QUESTION}", "The capital is Paris."]


async def _is_answered(chat):
    return "The capital is Paris." in await chat.texts()


async def test_a_bot_told_to_stop_while_it_posts_does_not_post_again(chat, slack):
    async with chat.running():
        await chat.greeted()
        await chat.set(stream_replies=False)
        gate = slack.faults.hold(on="chat.postMessage", after=True)
        await asks(chat)
        await gate.reached.wait()
    slack.faults.clear()

    async with chat.running():
        await chat.until(lambda: _holds(chat, "Paris."))
        await chat.settled()
        assert chat.posts() == ["Paris."]


async def _holds(chat, text):
    return text in await chat.texts()


@pytest.mark.parametrize("hours", [-10 / 60, 10 / 60, -30, 30])
async def test_a_wrong_clock_stops_no_answer_and_is_told(chat, slack, caplog, hours):
    chat.local_clock = hours_off(hours)

    async with chat.running():
        await chat.greeted()
        await asks(chat)
        assert await chat.until_answered() == ["Paris."]
        assert await chat.texts() == [f"@Earshot {QUESTION}", "Paris."]
    assert tells_hours_off(logged(caplog), hours, "Slack")


async def test_missed_messages_are_fetched_with_a_clock_that_was_set_meanwhile(chat, slack):
    async with chat.running():
        await chat.greeted()
        await asks(chat)
        await chat.until_answered()
    await slack.says("Alice", "general", "thanks", tell=False)
    chat.local_clock = hours_off(1)

    async with chat.running():
        await chat.until(lambda: _holds(chat, "thanks"))
