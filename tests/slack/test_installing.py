"""Many workspaces: who installs the app is kept encrypted, renewed in time, and removed with the app."""

import asyncio
import re
from contextlib import asynccontextmanager
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bot.errors import PlatformError
from bot.platforms.slack import installations as keeping
from bot.platforms.slack.clients import Clients
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.encrypting import Encryption, new_key
from bot.platforms.slack.installing import new_installations
from bot.platforms.slack.known_teams import LIFETIME_S, ManyTeams
from bot.platforms.slack.scopes import BOT_SCOPES
from tests.slack.connected import Noted, connection, opened, settings_for
from tests.slack_server.consent import consented

# slack_sdk 3.47 sends the client's secret in a way that aiohttp 3.14 wants otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")

KEY = Fernet.generate_key().decode()


@pytest.fixture
async def store(database_url):
    async with opened(database_url) as store:
        yield store


@pytest.fixture
def noted():
    return Noted()


@pytest.fixture
def harbor(slack):
    """A workspace that has not installed the app yet."""
    return slack.add_team("Lighthouse", installed=False)


@asynccontextmanager
async def for_many(slack, store, noted, *, key=KEY, **changes):
    """Serve an app that workspaces install; gives its address and the connection."""
    settings = settings_for(
        slack,
        slack_bot_token=None,
        slack_app_token=None,
        slack_client_id=slack.client_id,
        slack_client_secret=slack.client_secret,
        slack_encryption_key=key,
        **changes,
    )
    async with connection(settings, store, noted) as (made, _):
        await noted.until(lambda: len(noted.said) == 2)
        address = noted.said[0].removeprefix("Slack's requests are taken at ").rstrip(".")
        slack.redirect_uri = f"{address}/slack/oauth_redirect"
        slack.http.use(f"{address}/slack/events")
        yield address, made


async def installed_by(  # noqa: PLR0913 - each is named in the call
    slack, address, team, *, denied=False, cookie=None, state=None
):
    """Go the way of somebody who installs the app; gives the status and the last page."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
        async with browser.get(f"{address}/slack/install") as page:
            text = await page.text()
            given = page.headers["Set-Cookie"].partition(";")[0]
        link = unescape(re.findall(r'href="([^"]*oauth[^"]*)"', text)[0])
        back = consented(slack, link, slack.member("Ida", team=team), team, denied=denied)
        if state is not None:
            before = parse_qs(urlsplit(back).query)["state"][0]
            back = back.replace(before, state)
        sent = {"Cookie": given if cookie is None else cookie}
        async with browser.get(back, headers=sent) as last:
            return last.status, await last.text(), back


async def stored(store):
    """Everything in slack_sdk's tables, as text."""
    from sqlalchemy import text

    async with store.engine.connect() as connected:
        bots = (await connected.execute(text("SELECT * FROM slack_bots"))).all()
        all_of_them = (await connected.execute(text("SELECT * FROM slack_installations"))).all()
    return [*map(str, bots), *map(str, all_of_them)]


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


async def test_no_token_is_stored_as_it_is(slack, store, noted, harbor):
    slack.rotates_tokens = True
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, harbor)

    kept = "\n".join(await stored(store))
    token = slack.tokens.of(harbor)[-1]
    assert harbor.id in kept
    assert token.value not in kept
    assert token.refresh not in kept


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
        with pytest.raises(PlatformError, match="not installed"):
            await made.teams.team(harbor.id)
    assert any("no key in EARSHOT_SLACK_ENCRYPTION_KEY reads" in line for line in caplog.messages)


class Ticking:
    """Seconds of the wall and of a monotonic clock, moved by the test together with Slack's."""

    def __init__(self, slack):
        self._slack = slack
        self.moved_s = 0.0

    def advance(self, seconds):
        self.moved_s += seconds
        self._slack.clock.advance(seconds)

    def wall(self):
        return self._slack.clock.now().timestamp()

    def monotonic(self):
        return self.moved_s


@pytest.fixture
async def kept(slack, store, noted, harbor):
    """A workspace whose token expires; gives how to make what reads it in other processes."""
    slack.rotates_tokens = True
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, harbor)
    ticking = Ticking(slack)
    clients = Clients(slack.api_url)

    def made():
        provider = Provider(slack.client_id, slack.client_secret, Encryption(KEY))
        installations = new_installations(store, provider, clients, clock=ticking.wall)
        return ManyTeams(installations, clients, clock=ticking.monotonic)

    yield made, ticking
    await clients.close()


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
    slack, kept, harbor, monkeypatch
):
    monkeypatch.setattr(keeping, "RENEWED_S", 0.01)
    made, ticking = kept
    teams = made()
    first = await teams.team(harbor.id)
    ticking.advance(11 * 3600)
    gate = slack.faults.hold(on="oauth.v2.access")

    second = await teams.team(harbor.id)
    assert second.client.token == first.client.token
    gate.open()
    await slack.until(lambda: len(slack.tokens.of(harbor)) == 2)
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
