"""What many workspaces missed: each is looked through whatever becomes of the others."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text as sql

from bot.messages import ConversationKey
from bot.store import Store
from tests.slack.installed import for_many, installed_by
from tests.waiting import WITHIN_S


@pytest.fixture
def chat(slack, database_url):
    return for_many(slack, database_url)


@pytest.fixture
def teams(slack):
    """Two workspaces without the app, each with a channel."""
    slack.team.installed = False
    made = [slack.add_team(name, installed=False) for name in ("Lighthouse", "Windmill")]
    for team in made:
        slack.add_channel(f"talk-{team.domain}", team=team, members=[ida_of(slack, team)])
    return made


@pytest.fixture
def rotating(slack):
    """Let tokens expire."""
    slack.rotates_tokens = True


@pytest.fixture
async def installed(chat, teams):
    """The same with the app, which has heard something in each, and was stopped."""
    async with chat.running():
        for team in teams:
            await installed_by(chat, team)
    async with chat.running():
        for team in teams:
            await chat.greeted(f"talk-{team.domain}")
            await says(chat.slack, team, "heard")
        await chat.slack.until_delivered()
        await chat.settled()
    for team in teams:
        await says(chat.slack, team, "missed", tell=False)
    return teams


def ida_of(slack, team):
    return slack.member(f"Ida of {team.name}", team=team)


async def says(slack, team, words, **how):
    return await slack.says(ida_of(slack, team), f"talk-{team.domain}", words, **how)


async def is_heard(chat, team):
    """Wait until all that was said in a workspace is heard."""
    where = ConversationKey("slack", team.id, chat.slack.channel(f"talk-{team.domain}").id)

    async def look():
        entries = await chat.store.messages.recent(where, limit=99)
        return [each.text for each in entries] == ["heard", "missed"]

    await chat.until(look)


async def test_a_slow_workspace_keeps_no_other_waiting(chat, slack, installed):
    slow, quick = installed
    of_slow = slack.token_of(slow)
    gate = slack.faults.hold(
        on=lambda call: call.name == "users.conversations" and call.sent_token == of_slow
    )

    async with chat.running():
        await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
        await is_heard(chat, quick)
        gate.open()
        await is_heard(chat, slow)


async def test_a_workspace_whose_token_cannot_be_renewed_at_the_start_is_swept_later(
    chat, slack, rotating, installed, database_url
):
    await _expire(database_url, slack, installed)
    down = slack.faults.unavailable(on="oauth.v2.access", times=1000)

    async with chat.running():
        await slack.until(lambda: down.num_met >= len(installed))
        down.left = 0
        chat.naps.over()

        for team in installed:
            await is_heard(chat, team)


async def _expire(database_url, slack, teams):
    store = await Store.open(database_url)
    past = {"past": datetime(2020, 1, 1)}  # noqa: DTZ001 - as the table has it
    async with store.engine.begin() as connected:
        await connected.execute(sql("UPDATE slack_bots SET bot_token_expires_at = :past"), past)
    await store.close()
    for team in teams:
        slack.tokens.of(team)[-1].expires_at = slack.clock.now() - timedelta(hours=1)
