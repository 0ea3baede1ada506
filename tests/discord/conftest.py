import logging

import pytest
from discord.utils import utcnow
from simcord import Env

from bot.config import Settings
from bot.platforms import text_files
from bot.platforms.discord import acknowledging
from bot.platforms.discord.checks import examine
from bot.platforms.discord.posting import Poster
from bot.platforms.discord.trying import trying
from tests.discord.ears import Ears
from tests.discord.living import Chat
from tests.discord.speaking import key_of, speaker
from tests.discord.wired import wired_bot
from tests.discord_server import discord_server, pointed_at, probe
from tests.discord_server.probe import ready
from tests.naps import Naps
from tests.waiting import WITHIN_S

# How long the bot waits for its history and for Discord, while Discord waits for three seconds.
WAITS = [
    (acknowledging, "ACKNOWLEDGE_TIMEOUT_S"),
    (acknowledging, "FIRST_WAIT_S"),
    (text_files, "READ_TIMEOUT_S"),
]


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Let nothing be too late where no test says so: a slow machine is no slow Discord."""
    for module, name in WAITS:
        monkeypatch.setattr(module, name, WITHIN_S)
    # The simulated Discord gives a bot five seconds to come to rest.
    monkeypatch.setitem(Env.__init__.__kwdefaults__, "settle_timeout", WITHIN_S)


@pytest.fixture
async def server():
    """A loopback Discord, to which discord.py in this process talks."""
    async with discord_server() as server:
        with pointed_at(server):
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
    async with ready(probe.Ears(server)) as client:
        yield client


@pytest.fixture
async def ears():
    """A client of discord.py without a connection, which is given payloads."""
    return Ears()


@pytest.fixture
async def bot(server, database_url):
    """A bot that is connected, and hears nothing but commands."""
    async with wired_bot(server, database_url) as wired:
        yield wired


@pytest.fixture
def examined(server):
    """Examine the server's bot, or one with other settings."""

    async def examine_it(*, now=utcnow, **settings):
        told = {"discord_token": server.token, "discord_api_base": server.api_url, **settings}
        return await examine(Settings(**told), now=now)

    return examine_it


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
