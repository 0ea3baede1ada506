"""What the tests of the Slack adapter share: a loopback Slack, a client of it, and the bot on it."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import OutboxItem
from tests.slack.living import Chat
from tests.slack.speaking import Speaker, speaker
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


@pytest.fixture
async def earshot(slack: SlackServer, database_url: str) -> AsyncIterator[Speaker]:
    """Give the platform alone, with a history."""
    async with speaker(slack, database_url) as speaks:
        yield speaks


@pytest.fixture
async def draft(earshot: Speaker) -> OutboxItem:
    """Give a reply that is being written, to a question in a channel."""
    asked = await earshot.asked()
    return earshot.begun(earshot.where, asked.ts)
