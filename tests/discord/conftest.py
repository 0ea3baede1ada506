import logging

import pytest

from bot.platforms.discord.posting import Poster
from bot.platforms.discord.trying import trying
from tests.discord.living import Chat
from tests.discord.speaking import key_of, speaker
from tests.discord_server import discord_server, pointed_at
from tests.discord_server.probe import Ears, ready
from tests.naps import Naps


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


@pytest.fixture
async def client(server):
    """A client of discord.py that is connected, and hears."""
    with pointed_at(server):
        async with ready(Ears(server)) as ears:
            yield ears


@pytest.fixture
async def earshot(server, client, database_url):
    """The platform alone, with a history."""
    async with speaker(server, client, database_url) as speaks:
        yield speaks


@pytest.fixture
async def draft(earshot):
    """A reply that is being written."""
    _, asked = await earshot.asked()
    return earshot.begun(earshot.where, asked)


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture
def poster(client, naps):
    return Poster(trying(lambda: client, sleep=naps))


@pytest.fixture
def where(server):
    return key_of(server.general)
