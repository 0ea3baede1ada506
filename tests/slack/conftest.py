"""What the tests of the Slack adapter share: a loopback Slack, a client of it, and the bot on it."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import OutboxItem
from bot.platforms import text_files
from bot.platforms.slack import (
    app,
    arrivals,
    files,
    forms,
    installations,
    interactions,
    looking_up,
    managing,
    threads,
)
from bot.store import Store
from tests.slack.connected import Noted, opened
from tests.slack.living import Chat
from tests.slack.speaking import Speaker, speaker
from tests.slack_server import SlackServer, slack_server
from tests.waiting import WITHIN_S

# How long the bot waits for Slack and for its history, while Slack itself waits for three seconds.
WAITS = [
    (app, "PATIENCE_S"),
    (arrivals, "PATIENCE_S"),
    (files, "TOLD_TIMEOUT_S"),
    (forms, "READ_WITHIN_S"),
    (forms, "SAVE_WITHIN_S"),
    (installations, "RENEWED_S"),
    (interactions, "HEARD_S"),
    (interactions, "IN_TIME_S"),
    (looking_up, "TIMEOUT_S"),
    (managing, "CALL_TIMEOUT_S"),
    (text_files, "READ_TIMEOUT_S"),
    (threads, "TIMEOUT_S"),
]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be too late where no test says so: a slow machine is no slow Slack."""
    for module, name in WAITS:
        monkeypatch.setattr(module, name, WITHIN_S)


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


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with opened(database_url) as store:
        yield store


@pytest.fixture
def noted() -> Noted:
    """Give who only notes what comes over a connection."""
    return Noted()
