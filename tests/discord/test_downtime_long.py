"""Edits and deletions of a downtime that was longer than a place may be quiet to be looked at."""

from datetime import timedelta

import pytest

from bot.platforms.discord.last_listened import LastListened
from bot.runtime import utc_now
from tests.discord.test_downtime_changes import caught_up
from tests.discord.weather import Weather

DAYS = timedelta(days=3)


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def said_before_a_downtime(chat, server, ago):
    """Let Mia tell a secret some time ago, and the bot listen for the last time three days ago."""
    mia = server.member("Mia")
    async with chat.running():
        secret = await mia.says(server.general, "a secret", ago=ago)
        said = await mia.says(server.general, "we meet at nine", ago=ago)
        await chat.heard(server.general, said)
        await chat.until(lambda: chat.store.workspaces.greeted("discord"))  # after its sweep
        await LastListened(chat.store, lambda: utc_now() - DAYS).note_shard(0)
    await mia.deletes(secret)
    await mia.edits(said, "we meet at ten")


async def test_what_was_new_when_it_began_is_compared(chat, server):
    await said_before_a_downtime(chat, server, DAYS + timedelta(hours=1))

    async with chat.running():
        await caught_up(chat)

        assert await chat.texts() == ["we meet at ten", "hello"]


async def test_what_was_old_when_it_began_is_not(chat, server):
    await said_before_a_downtime(chat, server, DAYS + timedelta(days=2))

    async with chat.running():
        await caught_up(chat)

        assert await chat.texts() == ["a secret", "we meet at nine", "hello"]
