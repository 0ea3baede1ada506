"""Workspaces that leave, come back, or are half there: nothing is kept too long, or lost too soon."""

from datetime import timedelta

import pytest
from sqlalchemy import text as sql

from bot.store import Store
from tests.logs import logged
from tests.slack.installed import (
    address_of,
    answered,
    asks,
    comes,
    for_many,
    installations,
    present,
    rows,
    texts,
    two_workspaces,
)
from tests.slack.weather import QUESTION
from tests.store.erasing import erased


@pytest.fixture
def chat(slack, database_url):
    return for_many(slack, database_url)


@pytest.fixture
def teams(slack):
    return two_workspaces(slack)


async def comes_and_goes(chat, slack, team):
    """Let a workspace install the app, ask something, and remove the app."""
    await comes(chat, team)
    await asks(chat, team)
    await answered(chat, team)
    await slack.uninstalls(team)
    await slack.until_delivered()


@pytest.mark.parametrize("how", ["uninstalls", "revokes_tokens"])
async def test_a_workspace_that_leaves_is_forgotten_after_its_grace(chat, slack, teams, how):
    async with chat.running():
        for team in teams:
            await comes(chat, team)
            await asks(chat, team)
            await answered(chat, team)

        await getattr(slack, how)(teams[0])
        await slack.until_delivered()
        assert await installations(chat.store) == [teams[1].id]
        assert await present(chat) == {teams[1].id}
        assert await texts(chat, teams[0]) == [f"@Earshot {QUESTION}", "Paris."]  # not yet

        gone = await erased(
            chat.store, chat.bot.clock.now() + timedelta(days=8), grace=timedelta(days=7)
        )
        assert gone == [("slack", teams[0].id)]
        assert teams[0].id not in await rows(chat.store)
        assert await texts(chat, teams[1]) == [f"@Earshot {QUESTION}", "Paris."]


async def test_who_comes_back_within_the_grace_finds_everything_as_it_was(chat, slack, teams):
    team = teams[0]
    async with chat.running():
        await comes_and_goes(chat, slack, team)
        slack.clock.advance(2)

        await comes(chat, team)
        assert await present(chat) == {team.id}
        await asks(chat, team)
        assert await answered(chat, team, 2) == ["Paris.", "Paris."]
        assert await texts(chat, team) == [f"@Earshot {QUESTION}", "Paris."] * 2


async def test_who_comes_back_after_the_grace_begins_anew(chat, slack, teams):
    team = teams[0]
    async with chat.running():
        await comes_and_goes(chat, slack, team)
        await erased(chat.store, chat.bot.clock.now() + timedelta(days=8), grace=timedelta(days=7))
        slack.clock.advance(2)

        await comes(chat, team)
        await asks(chat, team, "and now?")
        await answered(chat, team, 2)
        assert await texts(chat, team) == ["@Earshot and now?", "Paris."]


async def test_a_removal_that_nobody_heard_of_is_noted_at_the_next_start(
    chat, slack, teams, caplog
):
    caplog.set_level("INFO", logger="bot")
    async with chat.running():
        for team in teams:
            await comes(chat, team)
            await asks(chat, team)
            await answered(chat, team)
    slack.http.urls.clear()
    await slack.uninstalls(teams[0])
    slack.sockets.forget()

    async with chat.running():
        await chat.until(lambda: _are_present(chat, {teams[1].id}))
        assert await installations(chat.store) == [teams[1].id]
        await asks(chat, teams[1])
        await answered(chat, teams[1], 2)
        asked = len(slack.calls)
        chat.naps.over()
        await chat.settled()
        assert all(call.token.team is not teams[0] for call in slack.calls[asked:] if call.token)
    line = f"Slack: the app was removed from {teams[0].id} while nobody listened (account_inactive)"
    assert line in logged(caplog)


async def _are_present(chat, ids):
    return await present(chat) == ids


async def test_a_removal_that_was_half_noted_before_a_crash_is_noted_at_the_next_start(
    chat, slack, teams
):
    async with chat.running():
        await comes(chat, teams[0])
    slack.http.urls.clear()
    await slack.uninstalls(teams[0])
    store = await Store.open(chat.database_url)
    async with store.engine.begin() as connected:
        for table in ("slack_bots", "slack_installations"):
            await connected.execute(sql(f"DELETE FROM {table}"))  # noqa: S608 - one of two
    await store.close()

    async with chat.running():
        await chat.until(lambda: _are_present(chat, set()))


async def test_an_installation_that_was_half_noted_before_a_crash_is_served(chat, slack, teams):
    async with chat.running():
        await comes(chat, teams[0])
        await erased(chat.store, chat.bot.clock.now() + timedelta(days=8), grace=timedelta(days=-1))
        assert address_of(chat)
        await asks(chat, teams[0])
        assert await answered(chat, teams[0]) == ["Paris."]
