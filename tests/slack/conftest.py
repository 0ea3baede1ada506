"""What the tests of the Slack adapter share: a loopback Slack, a client of it, and the bot on it."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.living import Chat
from tests.slack_server import SlackServer, slack_server


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with slack_server() as running:
        yield running


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return AsyncWebClient(slack.token, base_url=slack.api_url)


@pytest.fixture
def chat(slack: SlackServer, database_url: str) -> Chat:
    """Give the bot, which a test starts and stops."""
    return Chat(slack, database_url)


@pytest.fixture
async def talk(chat: Chat) -> AsyncIterator[Chat]:
    """Give the bot, which runs and knows its channel: what was said before that is not its business."""
    async with chat.running():
        await chat.slack.until_posted("general")  # its greeting
        yield chat
