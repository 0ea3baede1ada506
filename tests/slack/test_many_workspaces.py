"""Many workspaces, the whole bot: they come, are served apart from each other, and leave no trace."""

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.platforms.slack.encrypting import new_key
from tests.logs import logged
from tests.slack.installed import (
    KEY,
    answered,
    asks,
    comes,
    expire,
    for_many,
    installations,
    installed_by,
    person,
    present,
    rows,
    talk_of,
    texts,
    two_workspaces,
)
from tests.slack.weather import QUESTION


@pytest.fixture
def chat(slack, database_url):
    return for_many(slack, database_url)


@pytest.fixture
def teams(slack):
    return two_workspaces(slack)


async def test_two_workspaces_are_served_side_by_side_and_do_not_see_each_other(chat, slack, teams):
    async with chat.running():
        for team in teams:
            await comes(chat, team)
        for team in teams:
            await asks(chat, team, f"{QUESTION} we of {team.name} ask")
            assert await answered(chat, team) == ["Paris."]

        for team, other in (teams, teams[::-1]):
            asked = f"@Earshot {QUESTION} we of {team.name} ask"
            assert await texts(chat, team) == [asked, "Paris."]
            posted = [call for call in slack.asked("chat.postMessage") if call.team is team]
            assert posted
            assert all(other.name not in str(call.given) for call in posted)
        prompts = [str(turns) for turns in chat.model.asked]
        assert not any(all(f"we of {team.name}" in each for team in teams) for each in prompts)
        assert await present(chat) == {team.id for team in teams}


@pytest.mark.parametrize(
    ("odd", "status"),
    [
        ({"cookie": "slack-app-oauth-state=another"}, 400),
        ({"cookie": ""}, 400),
        ({"cookie": "slack-app-oauth-state=made-up", "state": "made-up"}, 401),
    ],
)
async def test_a_forged_state_installs_nothing(chat, teams, caplog, odd, status):
    async with chat.running():
        assert (await installed_by(chat, teams[0], **odd))[0] == status

        assert await installations(chat.store) == []
        assert await present(chat) == set()
    told = "Slack: an installation was not finished: "
    assert [line.startswith(told) for line in logged(caplog)] == [True]


async def test_an_expired_state_installs_nothing(chat, slack, teams, monkeypatch):
    def later():
        # slack_sdk keeps states until a time by this machine's clock
        monkeypatch.setattr("slack_sdk.oauth.state_store.sqlalchemy.datetime", _Late)

    class _Late(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(minutes=11)

        @classmethod
        def utcnow(cls):
            return datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=11)

    async with chat.running():
        assert (await installed_by(chat, teams[0], later=later))[0] == 401
        assert await installations(chat.store) == []


async def test_a_state_is_good_once(chat, teams):
    async with chat.running():
        _, back = await installed_by(chat, teams[0])
        state = back.partition("state=")[2].partition("&")[0]
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
            browser.get(back, headers={"Cookie": f"slack-app-oauth-state={state}"}) as again,
        ):
            assert again.status == 401
        assert await installations(chat.store) == [teams[0].id]


async def test_no_row_of_the_database_holds_a_token(chat, slack, teams):
    slack.rotates_tokens = True
    async with chat.running():
        await comes(chat, teams[0])
        await asks(chat, teams[0])
        await answered(chat, teams[0])
        kept = await rows(chat.store)

    token = slack.tokens.of(teams[0])[-1]
    assert teams[0].id in kept
    for secret in (token.value, token.refresh, slack.client_secret, slack.signing_secret, KEY):
        assert secret not in kept


async def test_keys_can_be_changed_while_workspaces_are_served(chat, slack, teams):
    async with chat.running():
        await comes(chat, teams[0])
        await asks(chat, teams[0])
        await answered(chat, teams[0])
    chat.changes["slack_encryption_key"] = f"{new_key()},{KEY}"

    async with chat.running():
        await asks(chat, teams[0])
        assert await answered(chat, teams[0], 2) == ["Paris.", "Paris."]


async def test_a_key_that_is_lost_costs_no_word_and_no_data(chat, slack, teams, caplog):
    async with chat.running():
        await comes(chat, teams[0])
        await asks(chat, teams[0])
        await answered(chat, teams[0])
    right, chat.changes["slack_encryption_key"] = KEY, new_key()
    async with chat.running():
        asked = await slack.says(
            person(slack, teams[0]), talk_of(teams[0]), f"{teams[0].bot.mention} {QUESTION}"
        )
        await slack.until_delivered()
        assert await present(chat) == {teams[0].id}
    line = f"Slack: no key in EARSHOT_SLACK_ENCRYPTION_KEY reads the token of {teams[0].id}: "
    assert any(each.startswith(line) for each in logged(caplog))

    chat.changes["slack_encryption_key"] = right
    async with chat.running():
        await chat.until(lambda: _holds(chat, teams[0], 4))
        assert (await answered(chat, teams[0], 2))[1:] == ["Paris."]
        assert chat.messages(talk_of(teams[0]))[-1].thread_ts in (asked.ts, None)


async def _holds(chat, team, number):
    return len(await texts(chat, team)) == number


async def test_an_expired_token_is_renewed_before_it_is_used(chat, slack, teams):
    slack.rotates_tokens = True
    async with chat.running():
        await comes(chat, teams[0])
        first = slack.token_of(teams[0])
    await expire(slack, chat, teams[0])

    async with chat.running():
        await asks(chat, teams[0])
        assert await answered(chat, teams[0]) == ["Paris."]
        assert slack.token_of(teams[0]) != first
    assert "token_expired" not in [error for _, error in slack.refusals]


async def test_two_processes_that_renew_at_once_both_go_on(slack, teams, postgresql_url):
    chat = for_many(slack, postgresql_url)
    slack.rotates_tokens = True
    async with chat.running():
        await comes(chat, teams[0])
    await expire(slack, chat, teams[0])

    other = chat.beside()
    async with chat.running(), other.running():
        both = await asyncio.gather(*(each.bot.team(teams[0].id) for each in (chat, other)))
    assert {team.client.token for team in both} == {slack.token_of(teams[0])}
