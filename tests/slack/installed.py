"""The whole bot as an app of many workspaces, and people who install it there by a browser."""

import re
from datetime import datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
from cryptography.fernet import Fernet
from sqlalchemy import DateTime, bindparam, text

from bot.messages import ConversationKey
from bot.store import Store
from tests.slack.weather import QUESTION, Weather
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


async def comes(chat, team):
    """Let a workspace install the app, and invite it to its channel."""
    assert (await installed_by(chat, team))[0] == 200
    await chat.slack.invites_bot(person(chat.slack, team), talk_of(team))
    await chat.slack.until_delivered()
    await chat.settled()


def person(slack, team):
    """Give somebody of a workspace."""
    return slack.member(f"Ida of {team.name}", team=team)


def talk_of(team):
    """Name the channel where people of a workspace talk."""
    return f"talk-{team.domain}"


async def asks(chat, team, text=QUESTION):
    """Let somebody of a workspace ask there."""
    said = await chat.slack.says(
        person(chat.slack, team), talk_of(team), f"{team.bot.mention} {text}"
    )
    await chat.slack.until_delivered()
    await chat.settled()
    return said


async def answered(chat, team, num=1):
    """Wait until so many replies are posted in a workspace; give them."""
    await chat.slack.until(lambda: len(chat.posts(talk_of(team))) >= num)
    await chat.settled()
    return chat.posts(talk_of(team))


async def texts(chat, team):
    """List what the history holds of a workspace's talk."""
    where = ConversationKey("slack", team.id, chat.slack.channel(talk_of(team)).id)
    return [
        each.text for each in await chat.store.messages.recent(where, limit=99) if not each.deleted
    ]


async def present(chat):
    """Give the workspaces that have the app."""
    return set(await chat.store.workspaces.present("slack"))


def two_workspaces(slack):
    """Make two workspaces without the app, each with a channel."""
    slack.team.installed = False
    made = [slack.add_team(name, installed=False) for name in ("Lighthouse", "Windmill")]
    for team in made:
        members = [person(slack, team)]
        slack.add_channel(talk_of(team), team=team, members=members, bot_present=False)
    return made


async def expire(slack, chat, team):
    """Let a workspace's token be one that has expired, here and at Slack."""
    store = await Store.open(chat.database_url)
    async with store.engine.begin() as connected:
        await connected.execute(
            text("UPDATE slack_bots SET bot_token_expires_at = :past").bindparams(
                bindparam("past", type_=DateTime)
            ),
            {"past": datetime(2020, 1, 1)},  # noqa: DTZ001 - the column has no time zone
        )
    await store.close()
    token = slack.tokens.of(team)[-1]
    token.expires_at_s = 0.0
