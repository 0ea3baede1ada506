"""A workspace whose token ends for good: what is said meanwhile is fetched once a token works again."""

import logging

import pytest

from bot.platforms.slack import known_teams
from tests.logs import logged
from tests.slack.installed import (
    answered,
    asks,
    comes,
    expire,
    for_many,
    installed_by,
    person,
    talk_of,
    texts,
    two_workspaces,
)
from tests.slack.weather import QUESTION

SAID = [f"while it is shut out {number}" for number in range(4)]
BEFORE = [f"@Earshot {QUESTION}", "Paris."]


@pytest.fixture
def chat(slack, database_url):
    return for_many(slack, database_url)


@pytest.fixture
async def shut_out(chat, slack):
    """A workspace in a bot that runs; its token has ended, and what renews it is spent."""
    slack.rotates_tokens = True
    team = two_workspaces(slack)[0]
    async with chat.running():
        await comes(chat, team)
        await asks(chat, team)
        await answered(chat, team)
        await expire(slack, chat, team)
        slack.tokens.of(team)[-1].refresh = None
        chat.bot.connection.teams.forget(team.id)  # as after some minutes
        yield team


async def says(chat, team, words):
    for text in words:
        await chat.slack.says(person(chat.slack, team), talk_of(team), text)
    await chat.slack.until_delivered()
    await chat.settled()


async def is_heard(chat, team, words):
    async def look():
        return [each for each in await texts(chat, team) if each in words] == words

    await chat.until(look)


async def test_what_was_said_stands_before_what_is_said_after_the_app_is_back(
    chat, slack, shut_out
):
    await says(chat, shut_out, SAID)
    assert await texts(chat, shut_out) == BEFORE

    assert (await installed_by(chat, shut_out))[0] == 200
    await says(chat, shut_out, ["after it"])
    await is_heard(chat, shut_out, [*SAID, "after it"])


async def test_a_question_is_answered_once_the_app_is_back_though_nobody_says_more(
    chat, slack, shut_out
):
    await says(chat, shut_out, [*SAID, f"{shut_out.bot.mention} where are you?"])

    assert (await installed_by(chat, shut_out))[0] == 200

    assert await answered(chat, shut_out, 2) == ["Paris.", "Paris."]
    assert await texts(chat, shut_out) == [*BEFORE, *SAID, "@Earshot where are you?", "Paris."]


async def test_it_costs_one_try_and_one_line_not_one_each_event(chat, slack, shut_out, caplog):
    caplog.clear()

    await says(chat, shut_out, SAID)

    tries = [
        each for each in slack.refusals if each == ("oauth.v2.access", "invalid_refresh_token")
    ]
    told = [each for each in logged(caplog, logging.WARNING) if shut_out.id in each]
    assert len(tries) == 1
    assert told == [
        f"Slack: what comes from {shut_out.id} is refused: "
        "a token that expires: Slack refuses: invalid_refresh_token"
    ]


async def test_it_is_tried_again_after_a_while(chat, slack, shut_out, monkeypatch):
    await says(chat, shut_out, SAID[:2])
    monkeypatch.setattr(known_teams, "FAILED_S", -1.0)

    await says(chat, shut_out, SAID[2:])

    tries = [
        each for each in slack.refusals if each == ("oauth.v2.access", "invalid_refresh_token")
    ]
    assert len(tries) == 3
