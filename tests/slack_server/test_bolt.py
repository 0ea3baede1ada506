"""A plain app of the real Bolt against the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack_server import SlackServer


@pytest.fixture
def app(slack: SlackServer, client: AsyncWebClient) -> AsyncApp:
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)

    @app.event("app_mention")
    async def answer(event, say):
        await say(f"You said: {event['text']}", thread_ts=event["ts"])

    @app.event("message")
    async def hear(body):
        pass

    return app


@asynccontextmanager
async def on_socket(slack: SlackServer, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(
        app, slack.app_token, web_client=AsyncWebClient(base_url=slack.api_url), ping_interval=1
    )
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


async def test_a_mention_is_answered_over_a_socket(slack, app):
    async with on_socket(slack, app):
        await slack.until_connected()

        asked = await slack.says("Alice", "general", f"{slack.bot.mention} hello")

        (post,) = await slack.until_posted("general")
        await slack.until_delivered()
    assert (post.text, post.thread_ts) == (f"You said: {slack.bot.mention} hello", asked.ts)
    kinds = [one.payload["event"]["type"] for one in slack.deliveries.all]
    assert kinds == ["message", "app_mention", "message"]
