"""Tokens that expire: renewed in time, once, and nobody waits for a new one while the old is good."""

import asyncio

import pytest

from bot.errors import PlatformError
from bot.platforms.slack import installations as keeping
from bot.platforms.slack.known_teams import LIFETIME_S
from tests.slack.installing import expiring, for_many, installed_by, stored
from tests.waiting import seen


@pytest.fixture
def harbor(slack):
    """A workspace that has not installed the app yet."""
    return slack.add_team("Lighthouse", installed=False)


@pytest.fixture
async def kept(slack, store, noted, harbor):
    async with expiring(slack, store, noted, harbor) as made:
        yield made


async def test_no_token_is_stored_as_it_is(slack, store, noted, harbor):
    slack.rotates_tokens = True
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, harbor)

    kept = "\n".join(await stored(store))
    token = slack.tokens.of(harbor)[-1]
    assert harbor.id in kept
    assert token.value not in kept
    assert token.refresh not in kept


async def test_a_token_is_renewed_before_it_expires(slack, kept, harbor):
    made, ticking = kept
    teams = made()
    first = await teams.team(harbor.id)

    ticking.advance(11 * 3600)
    second = await teams.team(harbor.id)
    third = await made().team(harbor.id)

    assert first.client.token != second.client.token
    assert second.client.token == third.client.token == slack.token_of(harbor)
    assert (await second.client.auth_test())["ok"]
    assert len(slack.tokens.of(harbor)) == 2


async def test_two_that_renew_a_token_at_once_both_have_the_new_one(slack, kept, harbor):
    made, ticking = kept
    teams = made()
    await teams.team(harbor.id)
    ticking.advance(11 * 3600)
    gate = slack.faults.hold(on="oauth.v2.access")

    both = asyncio.gather(teams.team(harbor.id), teams.team(harbor.id))
    await gate.reached.wait()
    gate.open()
    one, other = await both

    assert one.client.token == other.client.token == slack.token_of(harbor)
    assert len(slack.tokens.of(harbor)) == 2


async def test_whoever_gives_up_while_a_token_is_renewed_does_not_lose_it(slack, kept, harbor):
    made, ticking = kept
    teams = made()
    await teams.team(harbor.id)
    ticking.advance(11 * 3600)
    gate = slack.faults.hold(on="oauth.v2.access", after=True)

    asking = asyncio.ensure_future(teams.team(harbor.id))
    await gate.reached.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    gate.open()
    team = await teams.team(harbor.id)

    assert team.client.token == slack.token_of(harbor)
    assert len(slack.tokens.of(harbor)) == 2


async def test_nobody_waits_for_slack_to_renew_a_token_that_is_still_good(
    slack, kept, harbor, monkeypatch, caplog
):
    caplog.set_level("INFO", logger=keeping.__name__)
    monkeypatch.setattr(keeping, "RENEWED_S", 0.01)
    made, ticking = kept
    teams = made()
    first = await teams.team(harbor.id)
    ticking.advance(11 * 3600)
    gate = slack.faults.hold(on="oauth.v2.access")

    second = await teams.team(harbor.id)
    assert second.client.token == first.client.token
    gate.open()
    await seen(lambda: f"Slack: the token of {harbor.id} is renewed" in caplog.messages)
    ticking.advance(LIFETIME_S + 1)
    third = await teams.team(harbor.id)

    assert third.client.token == slack.token_of(harbor) != first.client.token


async def test_a_token_that_cannot_be_renewed_yet_serves_until_it_expires(slack, kept, harbor):
    made, ticking = kept
    teams = made()
    first = await teams.team(harbor.id)
    slack.faults.unavailable(on="oauth.v2.access", times=2)

    ticking.advance(11 * 3600)
    second = await teams.team(harbor.id)
    ticking.advance(3600)
    with pytest.raises(PlatformError, match="a token that expires"):
        await teams.team(harbor.id)
    ticking.advance(LIFETIME_S + 1)
    third = await teams.team(harbor.id)

    assert second.client.token == first.client.token
    assert third.client.token == slack.token_of(harbor) != first.client.token
