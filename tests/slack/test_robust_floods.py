"""What comes twice, all at once, too late or in great numbers."""

import pytest

from tests.logs import logged
from tests.slack.weather import QUESTION, Weather
from tests.waiting import seen


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


@pytest.fixture
async def talk(chat):
    """The bot among people, its greeting behind it."""
    async with chat.running():
        await chat.greeted()
        yield chat


async def test_an_event_that_comes_twice_is_heard_once(talk, slack):
    slack.events.twice = True
    said = await talk.asks("Alice", QUESTION)
    await slack.edits(said, f"{slack.bot.mention} the capital of Norway?")
    await slack.until_delivered()
    await talk.until_answered()

    assert talk.posts() == ["Paris."]
    assert await talk.texts() == ["@Earshot the capital of Norway?", "Paris."]


async def test_what_is_too_old_when_it_is_fetched_is_recorded_and_not_answered(chat, slack):
    chat.changes["max_age_s"] = 60.0
    async with chat.running():
        await chat.greeted()
        await chat.says("Alice", "before")
    slack.clock.advance(1)
    await slack.says("Alice", "general", QUESTION, tell=False)
    slack.clock.advance(3600)

    async with chat.running():
        await chat.until(lambda: _holds(chat, 2))
        await chat.settled()
        assert await chat.texts() == ["before", QUESTION]
        assert chat.posts() == []


async def _holds(chat, number):
    return len(await chat.texts()) == number


async def test_many_missed_questions_are_decided_on_once(chat, slack):
    async with chat.running():
        await chat.greeted()
        await chat.says("Alice", "before")
    for number in range(30):
        await slack.says("Alice", "general", f"{QUESTION} {number}", tell=False)

    async with chat.running():
        await chat.until(lambda: _holds(chat, 32))
        await chat.settled()
        assert chat.posts() == ["Paris."]
        assert len(await chat.decisions()) == 2


async def test_a_flood_is_recorded_in_order_and_told_in_a_line(talk, slack, caplog, monkeypatch):
    monkeypatch.setattr("bot.platforms.crowds.MAX_WAITING", 50)
    gate = slack.faults.hold(on="users.info")
    said = [
        await slack.says(("Alice", "Ben", "Zoe")[number % 3], "general", f"line {number}")
        for number in range(150)
    ]
    await seen(lambda: logged(caplog))
    gate.open()
    await slack.until_delivered()
    await talk.until(lambda: _ends_with(talk, "line 149"))
    await talk.settled()

    assert await talk.texts() == [message.text for message in said]
    assert logged(caplog) == [
        f"Slack: 50 events of the place {(slack.team.id, slack.general.id)} wait; what comes now is "
        "fetched after them"
    ]


async def _ends_with(chat, text):
    return (await chat.texts())[-1:] == [text]
