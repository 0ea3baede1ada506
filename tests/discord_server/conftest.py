"""A server and a client of the real discord.py that listens to it."""

from collections.abc import AsyncIterator

import pytest

from tests.discord_server import DiscordServer, discord_server, pointed_at
from tests.discord_server.probe import Ears, ready


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        with pointed_at(running):
            yield running


@pytest.fixture
async def client(server: DiscordServer) -> AsyncIterator[Ears]:
    async with ready(Ears(server)) as ears:
        yield ears
