"""A plain app of the real Bolt that repeats what it is told, on either transport."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack_server.server import SlackServer


class Parrot:
    """Answers each mention in its thread with what was said; `heard` are all events."""

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self.heard: list[Any] = []
        self.headers: list[Any] = []
        client = AsyncWebClient(slack.token, base_url=slack.api_url)
        self.bolt = AsyncApp(client=client, signing_secret=slack.signing_secret)
        self.bolt.middleware(self._keep)
        self.bolt.event("app_mention")(self._answer)
        self.bolt.event("message")(self._pass)

    @property
    def texts(self) -> list[str]:
        """The words of the messages it heard."""
        told = [one["event"] for one in self.heard if one.get("type") == "event_callback"]
        return [one["text"] for one in told if one["type"] == "message" and "text" in one]

    async def _keep(self, body, request, next):
        self.heard.append(body)
        self.headers.append(request.headers)
        self._slack.changed()
        await next()

    async def _answer(self, event, say):
        thread_ts = event.get("thread_ts") or event["ts"]
        await say(f"You said: {event['text']}", thread_ts=thread_ts)

    async def _pass(self):
        pass


@asynccontextmanager
async def on_socket(slack: SlackServer, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Let an app listen in Socket Mode."""
    api = AsyncWebClient(base_url=slack.api_url)
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=api, ping_interval=0.2)
    await handler.connect_async()
    await slack.until_connected()
    try:
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def on_http(slack: SlackServer, app: AsyncApp) -> AsyncIterator[str]:
    """Let an app listen at a request URL; give it."""
    runner = web.AppRunner(app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.http.use(url)
    try:
        yield url
    finally:
        await runner.cleanup()
