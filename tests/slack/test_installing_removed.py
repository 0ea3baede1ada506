"""A removal takes every token of a workspace along: what is kept of one keeps its data for ever."""

import asyncio
from dataclasses import dataclass

import pytest
from slack_sdk.oauth.installation_store import Installation

from bot.platforms.slack import installations as keeping
from tests.slack.connected import Noted
from tests.slack.installing import expiring, for_many, installed_by, stored
from tests.waiting import seen

ORGANIZATION = "E1"


@dataclass
class Harbor:
    """A workspace whose token expires soon, and what knows it."""

    team: object
    teams: object
    installations: object
    ticking: object

    async def removed(self, slack):
        """Let the workspace remove the app, and tell of it."""
        for token in slack.tokens.of(self.team):
            token.inactive = True
        return await self.teams.removed(self.team.id, None, at=self.ticking.wall())

    def granted(self, slack, **more):
        """Give what the workspace grants when it installs the app now."""
        return Installation(
            app_id="A1",
            team_id=self.team.id,
            bot_token=slack.install(self.team, rotates=True).value,
            bot_id=self.team.bot.bot_id,
            bot_user_id=self.team.bot.id,
            user_id="U1",
            installed_at=self.ticking.wall(),
            **more,
        )


@pytest.fixture
async def harbor(slack, store, noted):
    team = slack.add_team("Lighthouse", installed=False)
    async with expiring(slack, store, noted, team) as (made, ticking):
        teams = made()
        await teams.team(team.id)
        ticking.advance(11 * 3600)
        yield Harbor(team, teams, teams._installations, ticking)


@pytest.fixture
async def renewing(slack, harbor, caplog):
    """Renew its token: Slack has given another, and the answer is on its way. Nobody waits for it."""
    caplog.set_level("INFO", logger=keeping.__name__)
    gate = slack.faults.hold(on="oauth.v2.access", after=True)
    asking = asyncio.ensure_future(harbor.teams.team(harbor.team.id))
    await gate.reached.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    async def ended():
        gate.open()
        await seen(lambda: f"Slack: the token of {harbor.team.id} is renewed" in caplog.messages)

    return ended


async def test_a_token_that_comes_only_after_the_removal_is_not_kept(
    slack, store, harbor, renewing
):
    removing = asyncio.ensure_future(harbor.removed(slack))
    await asyncio.wait({removing}, timeout=0.1)  # it waits, or it has deleted what there is
    await renewing()

    assert await removing
    assert await stored(store) == []
    assert not await harbor.teams.is_installed(harbor.team.id)


async def test_a_token_of_before_does_not_come_back_beside_a_new_installation(
    slack, store, harbor, renewing
):
    granted = harbor.granted(slack)
    saving = asyncio.ensure_future(harbor.installations.async_save(granted))
    await asyncio.wait({saving}, timeout=0.1)  # it waits, or it has kept what was granted
    await renewing()
    await saving

    assert len(await stored(store)) == 2  # a bot's, and who granted it
    kept = await harbor.installations.as_kept(harbor.team.id)
    assert kept.bot_token == slack.token_of(harbor.team)


async def test_a_new_installation_leaves_no_row_of_an_earlier_one(slack, store, harbor):
    joined = harbor.granted(slack, enterprise_id=ORGANIZATION)
    await harbor.installations.async_save(joined)

    assert len(await stored(store)) == 2
    kept = await harbor.installations.as_kept(harbor.team.id)
    assert kept.bot_token == slack.token_of(harbor.team)


async def test_an_installation_of_another_workspace_stays(slack, store, harbor):
    async with for_many(slack, store, Noted()) as (address, _):
        await installed_by(slack, address, slack.add_team("Windmill", installed=False))
    before = await stored(store)

    await harbor.installations.async_save(harbor.granted(slack))
    assert len(await stored(store)) == len(before) == 4
    assert await harbor.removed(slack)

    assert len(await stored(store)) == 2
    assert all(harbor.team.id not in row for row in await stored(store))


async def test_rows_of_before_and_after_it_joined_an_organization_go_together(slack, store, harbor):
    saved_by_slack_sdk = harbor.installations._kept
    joined = harbor.granted(slack, enterprise_id=ORGANIZATION)
    await saved_by_slack_sdk.async_save(harbor.installations._sealed(joined))
    assert len(await stored(store)) == 4

    assert await harbor.removed(slack)

    assert await stored(store) == []


@pytest.mark.parametrize(("how", "is_gone"), [("inactive", True), ("revoked", True), ("", False)])
async def test_a_removal_that_nobody_heard_of_is_seen_though_the_token_has_ended_since(
    slack, harbor, how, is_gone
):
    harbor.ticking.advance(12 * 3600)
    token = slack.tokens.of(harbor.team)[-1]
    token.refresh = None
    if how:
        setattr(token, how, True)

    assert await harbor.teams.is_gone(harbor.team.id) == is_gone
    assert await harbor.teams.is_installed(harbor.team.id) != is_gone
