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
