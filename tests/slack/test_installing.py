"""Many workspaces: who installs the app is kept encrypted, renewed in time, and removed with the app."""

from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.errors import PlatformError
from bot.platforms.slack.encrypting import new_key
from bot.platforms.slack.scopes import BOT_SCOPES
from tests.slack.connected import Noted
from tests.slack.installing import KEY, for_many, installed_by, stored


@pytest.fixture
def harbor(slack):
    """A workspace that has not installed the app yet."""
    return slack.add_team("Lighthouse", installed=False)


async def test_a_workspace_installs_the_app_and_is_heard_and_served_with_its_own_token(
    slack, store, noted, harbor
):
    async with for_many(slack, store, noted) as (address, made):
        status, _, _ = await installed_by(slack, address, harbor)

        slack.add_channel("lamp", team=harbor)
        await slack.says(slack.member("Ida", team=harbor), "lamp", "hello")
        await slack.until_delivered()
        team = await made.teams.team(harbor.id)

    assert status == 200
    assert [one.id for one in noted.installed] == [harbor.id]
    assert noted.texts == ["hello"]
    assert (team.name, team.user_id, team.bot_id) == (
        "Lighthouse",
        harbor.bot.id,
        harbor.bot.bot_id,
    )
    assert team.client.token == slack.token_of(harbor)
    assert noted.said[1] == f"Workspaces install the app at {address}/slack/install."


async def test_the_link_asks_for_the_scopes_of_the_manifest(slack, store, noted, harbor):
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, harbor)

    token = slack.tokens.of(harbor)[-1]
    assert token.scopes == list(BOT_SCOPES)


@pytest.mark.parametrize(
    ("odd", "status"),
    [
        ({"cookie": "slack-app-oauth-state=another"}, 400),
        ({"cookie": ""}, 400),
        ({"cookie": "slack-app-oauth-state=made-up", "state": "made-up"}, 401),
        ({"denied": True}, 200),
    ],
)
async def test_who_did_not_come_from_the_install_page_installs_nothing(  # noqa: PLR0913 - fixtures
    slack, store, noted, harbor, odd, status
):
    async with for_many(slack, store, noted) as (address, _):
        answered, _, _ = await installed_by(slack, address, harbor, **odd)

    assert answered == status
    assert noted.installed == []
    assert await stored(store) == []


async def test_a_return_from_slack_is_good_once(slack, store, noted, harbor):
    async with for_many(slack, store, noted) as (address, _):
        _, _, back = await installed_by(slack, address, harbor)
        state = parse_qs(urlsplit(back).query)["state"][0]
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
            browser.get(back, headers={"Cookie": f"slack-app-oauth-state={state}"}) as again,
        ):
            status = again.status

    assert status == 401
    assert len(noted.installed) == 1


async def test_a_workspace_that_removes_the_app_is_forgotten_and_may_come_back(
    slack, store, noted, harbor
):
    async with for_many(slack, store, noted) as (address, made):
        await installed_by(slack, address, harbor)
        await slack.uninstalls(harbor)
        await slack.until_delivered()
        left = list(noted.removed)
        kept = await stored(store)
        with pytest.raises(PlatformError, match="not installed"):
            await made.teams.team(harbor.id)

        slack.clock.advance(2)
        await installed_by(slack, address, harbor)
        team = await made.teams.team(harbor.id)

    assert left == [harbor.id]
    assert kept == []
    assert team.client.token == slack.token_of(harbor)
    assert len(noted.installed) == 2


async def test_a_removal_that_comes_late_does_not_remove_a_newer_installation(
    slack, store, noted, harbor
):
    async with for_many(slack, store, noted) as (address, made):
        await installed_by(slack, address, harbor)

        body = {
            "type": "event_callback",
            "event_id": "EvOLD",
            "event_time": 1_000_000_000,
            "team_id": harbor.id,
            "event": {"type": "app_uninstalled"},
        }
        slack.deliveries.send("events_api", body)
        await slack.until_delivered()

        await made.teams.team(harbor.id)
    assert noted.removed == []


async def test_a_removal_counts_though_this_machine_s_clock_is_ahead(slack, store, noted, harbor):
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, harbor)
        slack.clock.advance(-200)  # more, and Slack's requests would look too old

        await slack.uninstalls(harbor)
        await slack.until_delivered()

    assert noted.removed == [harbor.id]
    assert await stored(store) == []


async def test_keys_can_be_changed_without_installing_anew(slack, store, noted, harbor, caplog):
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, harbor)
    newer = new_key()

    async with for_many(slack, store, Noted(), key=f"{newer},{KEY}") as (_, made):
        team = await made.teams.team(harbor.id)
    assert team.client.token == slack.token_of(harbor)

    async with for_many(slack, store, Noted(), key=newer) as (_, made):
        with pytest.raises(PlatformError, match="no key reads"):
            await made.teams.team(harbor.id)
    assert any("no key in EARSHOT_SLACK_ENCRYPTION_KEY reads" in line for line in caplog.messages)
