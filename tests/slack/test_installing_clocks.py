"""A clock that is wrong, or was: a token that Slack takes no more is renewed, and none is lost."""

import pytest

from bot.platforms.slack.clients import Clients
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.encrypting import Encryption
from bot.platforms.slack.installing import new_installations
from bot.platforms.slack.known_teams import ManyTeams
from tests.clock import hours_off
from tests.slack.installed import comes, for_many as bot_for_many, two_workspaces
from tests.slack.installing import KEY, expiring, for_many, installed_by, stored

HOUR_S = 3600
LIFE_S = 12 * HOUR_S


@pytest.fixture
def harbor(slack):
    """A workspace that has not installed the app yet."""
    return slack.add_team("Lighthouse", installed=False)


@pytest.fixture
async def kept(slack, store, noted, harbor):
    async with expiring(slack, store, noted, harbor) as made:
        yield made


@pytest.fixture
async def ahead(slack, store, kept):
    """Give what knows the workspaces while this machine's clock is eleven hours ahead."""
    _, ticking = kept
    clients = Clients(slack.api_url)
    provider = Provider(slack.client_id, slack.client_secret, Encryption(KEY))
    installations = new_installations(
        store, provider, clients, clock=lambda: ticking.wall() + 11 * HOUR_S
    )
    yield ManyTeams(installations, clients, clock=ticking.monotonic)
    await clients.close()


async def test_a_token_that_slack_says_has_expired_is_renewed_whatever_was_written_down_of_it(
    slack, kept, ahead, harbor
):
    made, ticking = kept
    await ahead.team(harbor.id)  # renewed, and noted as good for a day
    ticking.advance(LIFE_S + 60)
    team = await made().team(harbor.id)  # by a clock that was set right

    answer = await team.client.auth_test()

    assert answer["ok"]
    assert team.client.token == slack.token_of(harbor)
    assert len(slack.tokens.of(harbor)) == 3


async def test_what_slack_does_not_renew_is_asked_for_once_not_with_each_call(
    slack, kept, ahead, harbor
):
    made, ticking = kept
    await ahead.team(harbor.id)
    ticking.advance(LIFE_S + 60)
    slack.tokens.of(harbor)[-1].refresh = None
    team = await made().team(harbor.id)

    for _ in range(3):
        with pytest.raises(Exception, match="token_expired"):
            await team.client.auth_test()

    refused = [
        each for each in slack.refusals if each == ("oauth.v2.access", "invalid_refresh_token")
    ]
    assert len(refused) == 1


async def test_an_ended_token_of_a_workspace_that_is_here_is_not_taken_for_a_removal(
    slack, kept, ahead, harbor
):
    made, ticking = kept
    await ahead.team(harbor.id)
    ticking.advance(LIFE_S + 60)

    assert not await made().is_gone(harbor.id)
    assert len(slack.tokens.of(harbor)) == 3


async def test_a_late_removal_does_not_count_though_this_machine_s_clock_is_behind(
    slack, store, noted, harbor
):
    async with for_many(slack, store, noted) as (address, _):
        slack.clock.advance(120)
        await installed_by(slack, address, harbor)
        removed_at = slack.clock.now().timestamp()
        slack.clock.advance(60)
        await installed_by(slack, address, harbor)

        body = {
            "type": "event_callback",
            "event_id": "EvLATE",
            "event_time": int(removed_at),
            "team_id": harbor.id,
            "event": {"type": "app_uninstalled"},
        }
        slack.deliveries.send("events_api", body)
        await slack.until_delivered()

    assert noted.removed == []
    assert len(await stored(store)) == 2


@pytest.mark.parametrize("hours", [11, -11])
async def test_when_a_token_ends_is_noted_by_slack_s_clock(slack, database_url, hours):
    slack.rotates_tokens = True
    team = two_workspaces(slack)[0]
    chat = bot_for_many(slack, database_url)
    async with chat.running():
        await comes(chat, team)
    slack.clock.advance(11 * HOUR_S)
    chat.local_clock = hours_off(hours + 11)

    async with chat.running():
        await chat.bot.team(team.id)
        bot = await chat.bot.connection._installations.as_kept(team.id)

    assert bot.bot_token == slack.token_of(team)
    left_s = bot.bot_token_expires_at - slack.clock.now().timestamp()
    assert left_s == pytest.approx(LIFE_S, abs=60)
