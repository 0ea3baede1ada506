"""The part of Slack that knows who is who: answers look-ups on the loopback, and can be told to fail.

Also what messages look like as Slack sends them: `said` makes the event of one.
"""

import asyncio
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.keys import channel_key
from bot.platforms.slack.naming import People
from bot.platforms.slack.teams import Team

TEAM, BOT, BOT_ID, APP = "T1", "UBOT", "BBOT", "A1"
GENERAL, DIRECT = "C1", "D1"
NELLY, OTTO, HELPER = "U1", "W2", "U3"
TS = "1777636800.000100"  # 2026-05-01 12:00 UTC
IN_GENERAL = channel_key(TEAM, GENERAL)


def user(user_id, name, **more):
    profile = {"display_name": more.pop("display_name", ""), "real_name": more.get("real_name", "")}
    return {"id": user_id, "team_id": TEAM, "name": name, "profile": profile, **more}


class Directory:
    """Answers as Slack does. `asked` are the methods called, with what was asked for."""

    def __init__(self):
        self.users = {
            NELLY: user(NELLY, "nelly.b", display_name="Nelly"),
            OTTO: user(OTTO, "otto", real_name="Otto M."),
            HELPER: user(HELPER, "helper", real_name="Helper", is_bot=True),
        }
        self.bots = {"B9": {"id": "B9", "name": "Deploys"}}
        self.channels = {GENERAL: {"id": GENERAL, "name": "general", "is_member": True}}
        self.groups = [{"id": "S1", "handle": "painters", "name": "The painters"}]
        self.files = {}
        self.asked = []
        self.failures = []  # (status, headers, body) of the next answers
        self.called, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    def num_asked(self, method):
        return sum(1 for asked, _ in self.asked if asked == method)

    async def answer(self, request):
        method = request.match_info["method"]
        asked = {**request.query, **await request.post()}
        self.asked.append((method, asked))
        self.called.set()
        await self.answers.wait()
        if self.failures:
            status, headers, body = self.failures.pop(0)
            return web.json_response(body, status=status, headers=headers)
        return web.json_response(self._told(method, asked))

    def _told(self, method, asked):
        found = {
            "users.info": ("user", self.users.get(asked.get("user")), "user_not_found"),
            "bots.info": ("bot", self.bots.get(asked.get("bot")), "bot_not_found"),
            "conversations.info": (
                "channel",
                self.channels.get(asked.get("channel")),
                "channel_not_found",
            ),
            "usergroups.list": ("usergroups", self.groups, ""),
            "files.info": ("file", self.files.get(asked.get("file")), "file_not_found"),
        }
        name, value, error = found[method]
        return {"ok": False, "error": error} if value is None else {"ok": True, name: value}


@asynccontextmanager
async def served(directory):
    """Serve the directory; gives the workspace whose client asks it."""
    app = web.Application()
    app.router.add_route("*", "/api/{method}", directory.answer)
    async with TestServer(app) as server:
        client = AsyncWebClient(token="xoxb-secret", base_url=str(server.make_url("/api/")))
        yield Team(TEAM, "Painters", BOT, BOT_ID, APP, client)


class Kept:
    """Remembers names, and who wants nothing kept."""

    def __init__(self, names=(), opted_out=(), kept_from=()):
        self.names = dict(names)
        self.opted_out = set(opted_out)
        self.kept_from = dict(kept_from)

    async def name_of(self, where, author_id):
        return self.names.get((where.workspace, author_id))

    async def keeps(self, where, author_id, *, said_at):
        if (where.workspace, author_id) in self.opted_out:
            return False
        kept_from = self.kept_from.get((where.workspace, author_id))
        return kept_from is None or (said_at is not None and said_at >= kept_from)


def people(kept=None, **more):
    return People(name="Earshot", kept=kept or Kept(), **more)


def said(text="", **more):
    """A message in #general by Nelly."""
    return {
        "type": "message",
        "user": NELLY,
        "text": text,
        "ts": TS,
        "team": TEAM,
        "channel": GENERAL,
        "channel_type": "channel",
        "event_ts": TS,
        **more,
    }


def rich(*elements):
    """The blocks of a message that somebody wrote in Slack's own app."""
    section = {"type": "rich_text_section", "elements": list(elements)}
    return [{"type": "rich_text", "block_id": "b", "elements": [section]}]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now
