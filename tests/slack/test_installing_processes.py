"""Two processes with one PostgreSQL share the installations: neither spends what the other needs."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation

from bot.platforms.slack.clients import Clients
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.encrypting import Encryption, new_key
from bot.platforms.slack.installing import new_installations
from bot.platforms.slack.known_teams import LIFETIME_S, ManyTeams
from tests.slack.connected import opened
from tests.slack_server.tokens import LIVES_S


class Process:
    """What one process has: a store, installations and the workspaces it knows."""

    def __init__(self, slack, store, key):
        self._slack = slack
        provider = Provider(slack.client_id, slack.client_secret, Encryption(key))
        self.clients = Clients(slack.api_url)
        self.installations = new_installations(
            store, provider, self.clients, clock=lambda: slack.clock.now().timestamp()
        )
        self.teams = ManyTeams(
            self.installations, self.clients, clock=lambda: slack.clock.elapsed_s
        )

    async def install(self, team):
        token = self._slack.install(team, rotates=True)
        await self.installations.async_save(
            Installation(
                app_id=self._slack.app_id,
                team_id=team.id,
                team_name=team.name,
                bot_token=token.value,
                bot_refresh_token=token.refresh,
                bot_token_expires_in=LIVES_S,
                bot_id=team.bot.bot_id,
                bot_user_id=team.bot.id,
                user_id="U1",
            )
        )


@pytest.fixture
async def processes(slack, postgresql_url):
    key = new_key()
    async with AsyncExitStack() as stack:
        both = []
        for _ in range(2):
            store = await stack.enter_async_context(opened(postgresql_url))
            both.append(Process(slack, store, key))
            stack.push_async_callback(both[-1].clients.close)
        yield both


async def test_a_token_that_both_renew_at_once_is_renewed_once(slack, processes):
    one, other = processes
    harbor = slack.add_team("Lighthouse", installed=False)
    await one.install(harbor)
    before = await one.teams.team(harbor.id)
    assert (await other.teams.team(harbor.id)).client.token == before.client.token
    slack.clock.advance(11 * 3600)
    gate = slack.faults.hold(on="oauth.v2.access")

    both = asyncio.gather(one.teams.team(harbor.id), other.teams.team(harbor.id))
    await gate.reached.wait()
    gate.open()
    first, second = await both

    assert first.client.token == second.client.token == slack.token_of(harbor)
    assert first.client.token != before.client.token
    assert len(slack.asked("oauth.v2.access")) == 1


async def test_what_one_was_told_of_the_other_learns(slack, processes):
    one, other = processes
    harbor = slack.add_team("Lighthouse", installed=False)
    await one.install(harbor)
    old = await other.teams.team(harbor.id)

    slack.clock.advance(2)
    await one.install(harbor)
    slack.clock.advance(LIFETIME_S + 1)
    new = await other.teams.team(harbor.id)

    assert old.client.token != new.client.token == slack.token_of(harbor)


@pytest.mark.parametrize("how", ["inactive", "revoked"])
async def test_a_token_that_ended_is_replaced_at_once_where_the_app_was_installed_anew(
    slack, processes, how
):
    one, other = processes
    harbor = slack.add_team("Lighthouse", installed=False)
    await one.install(harbor)
    team = await other.teams.team(harbor.id)

    slack.clock.advance(2)
    setattr(slack.tokens.of(harbor)[-1], how, True)
    await one.install(harbor)
    answer = await team.client.auth_test()

    assert answer["team_id"] == harbor.id
    assert team.client.token == slack.token_of(harbor)
    assert (await other.teams.team(harbor.id)).client.token == team.client.token
    assert not await other.teams.is_gone(harbor.id)


async def test_a_token_that_ended_for_good_is_refused_after_one_look(slack, processes):
    one, other = processes
    harbor = slack.add_team("Lighthouse", installed=False)
    await one.install(harbor)
    team = await other.teams.team(harbor.id)
    slack.tokens.of(harbor)[-1].inactive = True

    with pytest.raises(SlackApiError, match="account_inactive"):
        await team.client.auth_test()

    assert len(slack.asked("auth.test")) == 1


async def test_a_removal_that_one_hears_of_waits_for_the_token_that_the_other_is_given(
    slack, processes
):
    one, other = processes
    harbor = slack.add_team("Lighthouse", installed=False)
    await one.install(harbor)
    await one.teams.team(harbor.id)
    slack.clock.advance(11 * 3600)
    gate = slack.faults.hold(on="oauth.v2.access", after=True)
    renewing = asyncio.ensure_future(one.teams.team(harbor.id))
    await gate.reached.wait()
    for token in slack.tokens.of(harbor):
        token.inactive = True

    now = slack.clock.now().timestamp()
    removing = asyncio.ensure_future(other.teams.removed(harbor.id, None, at=now))
    await asyncio.wait({removing}, timeout=0.1)  # it waits, or it has deleted what there is
    gate.open()
    await renewing

    assert await removing
    assert not await one.teams.is_installed(harbor.id)
