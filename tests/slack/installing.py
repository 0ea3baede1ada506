"""An app that workspaces install, as its connection serves it; what is kept of them."""

import re
from contextlib import asynccontextmanager
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
from cryptography.fernet import Fernet

from bot.platforms.slack.clients import Clients
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.encrypting import Encryption
from bot.platforms.slack.installing import new_installations
from bot.platforms.slack.known_teams import ManyTeams
from tests.slack.connected import connection, settings_for
from tests.slack_server.consent import consented

KEY = Fernet.generate_key().decode()


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


@asynccontextmanager
async def expiring(slack, store, noted, team):
    """A workspace whose token expires; gives how to make what reads it in other processes."""
    slack.rotates_tokens = True
    async with for_many(slack, store, noted) as (address, _):
        await installed_by(slack, address, team)
    ticking = Ticking(slack)
    clients = Clients(slack.api_url)

    def made():
        provider = Provider(slack.client_id, slack.client_secret, Encryption(KEY))
        installations = new_installations(store, provider, clients, clock=ticking.wall)
        return ManyTeams(installations, clients, clock=ticking.monotonic)

    yield made, ticking
    await clients.close()
