import logging

import pytest

from tests.discord.living import Chat
from tests.discord_server import discord_server


@pytest.fixture
async def server():
    async with discord_server() as server:
        yield server


@pytest.fixture
def chat(server, database_url):
    return Chat(server, database_url)


@pytest.fixture
async def talk(chat, caplog):
    """The bot among people, in a channel where it speaks; at the end nothing failed unseen."""
    async with chat.running():
        yield chat
    failed = [each for each in caplog.get_records("call") if each.levelno >= logging.ERROR]
    assert not failed, [each.getMessage() for each in failed]
