"""The whole bot as an app that workspaces install, over HTTP, on the loopback Slack."""

import re
from dataclasses import dataclass
from html import unescape

import aiohttp
from cryptography.fernet import Fernet

from bot.platforms.slack.keys import channel_key
from tests.slack.living import Chat
from tests.slack_server.consent import consented

KEY = Fernet.generate_key().decode()


@dataclass
class Hosted(Chat):
    """A bot that nobody has installed yet. Channels are named by themselves, of any workspace."""

    @property
    def settings(self):
        """Give the settings of an app for many workspaces."""
        kept = super().settings.model_copy(
            update={"slack_bot_token": None, "slack_app_token": None}
        )
        given = {
            **kept.model_dump(),
            "slack_client_id": self.slack.client_id,
            "slack_client_secret": self.slack.client_secret,
            "slack_signing_secret": self.slack.signing_secret,
            "slack_encryption_key": KEY,
            "slack_port": 0,
        }
        return type(kept)(_env_file=None, **given)

    async def connected(self):
        """Wait until its pages are served; Slack sends everything there from now on."""
        await self.until(self._is_served)
        self.slack.redirect_uri = f"{self.address}/slack/oauth_redirect"
        self.slack.http.use(f"{self.address}/slack/events")

    @property
    def address(self):
        """Where it serves."""
        return re.search(r"http://\S+?(?=\.?\s|\.?$)", self.told[0])[0]

    async def _is_served(self):
        if self.serving.done():
            self.serving.result()
        return len(self.told) >= 2

    async def install(self, team, *, by="Ida"):
        """Let somebody install the app in a workspace, in a browser."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
            async with browser.get(f"{self.address}/slack/install") as page:
                cookie = page.headers["Set-Cookie"].partition(";")[0]
                link = unescape(re.findall(r'href="([^"]*oauth[^"]*)"', await page.text())[0])
            back = consented(self.slack, link, self.slack.member(by, team=team), team)
            async with browser.get(back, headers={"Cookie": cookie}) as last:
                assert last.status == 200, await last.text()
        await self.settled()

    def place(self, channel="general", *, thread=None):
        """Name a conversation as the history does, in the workspace it is in."""
        found = self.slack.channel(channel)
        return channel_key(found.team_id, found.id, thread_ts=thread)
