"""The whole bot as an app of many workspaces, and people who install it there by a browser."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
from cryptography.fernet import Fernet
from sqlalchemy import text

from tests.slack.weather import Weather
from tests.slack_server.consent import consented

KEY = Fernet.generate_key().decode()


def for_many(slack, database_url, **changes):
    """Give a bot that workspaces install."""
    given = {
        "slack_bot_token": None,
        "slack_app_token": None,
        "slack_signing_secret": slack.signing_secret,
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
        "slack_encryption_key": KEY,
        "slack_port": 0,
    }
    return Weather(slack, database_url, changes={**given, **changes})


def address_of(chat):
    """Give where the bot takes requests."""
    return next(iter(chat.slack.http.urls.values())).removesuffix("/slack/events")


async def installed_by(chat, team, *, cookie=None, state=None, later=None):
    """Go the way of somebody who installs the app; gives the status, and where Slack sent them.

    `later` is called between the two pages.
    """
    slack, address = chat.slack, address_of(chat)
    slack.redirect_uri = f"{address}/slack/oauth_redirect"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
        async with browser.get(f"{address}/slack/install") as page:
            words = await page.text()
            given = page.headers["Set-Cookie"].partition(";")[0]
        link = unescape(re.findall(r'href="([^"]*oauth[^"]*)"', words)[0])
        back = consented(slack, link, slack.member(f"Ida of {team.name}", team=team), team)
        if state is not None:
            back = back.replace(parse_qs(urlsplit(back).query)["state"][0], state)
        if later is not None:
            later()
        sent = {"Cookie": given if cookie is None else cookie}
        async with browser.get(back, headers=sent) as last:
            return last.status, back


async def rows(store):
    """Give every row of every table of the database, as one text."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    async with store.engine.connect() as connected:
        tables = (await connected.execute(text(names))).scalars().all()
        found = [
            (await connected.execute(text(f'SELECT * FROM "{name}"'))).all()  # noqa: S608
            for name in tables
        ]
    return "\n".join(str(row) for table in found for row in table)


async def installations(store):
    """List the workspaces of which an installation is kept."""
    async with store.engine.connect() as connected:
        found = await connected.execute(text("SELECT team_id FROM slack_bots"))
        return found.scalars().all()
