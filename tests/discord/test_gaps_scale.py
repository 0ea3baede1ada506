"""A start in many servers looks only where something may be missing, and greets nobody before."""

from datetime import timedelta

import pytest

from bot.platforms.discord import sweeping
from bot.platforms.discord.sweeping import Sweeps
from bot.store.database import Database
from bot.store.marks import Marks
from tests.discord.weather import Weather
from tests.waiting import seen

FETCH = "GET */messages"
DAY_S = timedelta(days=1).total_seconds()


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture
def swept(monkeypatch):
    """The shards whose sweep is over."""
    shards, real = [], Sweeps.shard

    async def noting(self, client, shard_id):
        await real(self, client, shard_id)
        shards.append(shard_id)

    monkeypatch.setattr(Sweeps, "shard", noting)
    return shards


def calls(monkeypatch, owner, name):
    """Count how often a method is called."""
    counted, real = [], getattr(owner, name)

    def counting(self, *given, **options):
        counted.append(given)
        return real(self, *given, **options)

    monkeypatch.setattr(owner, name, counting)
    return counted


async def spoken_of_old(chat, days, *channels):
    """Let somebody speak in channels some days ago, while the bot is there."""
    chat.server.clock.advance(-days * DAY_S)
    async with chat.running():
        for channel in channels:
            zoe = chat.server.member("Zoe", guild=channel.guild)
            await chat.heard(channel, await zoe.says(channel, "long ago"))
        guilds = len(chat.server.guilds_of_bot())
        await chat.until(lambda: _are_greeted(chat, guilds))
    chat.server.clock.advance(days * DAY_S)


async def _are_greeted(chat, number):
    return len(await chat.store.workspaces.greeted("discord")) == number


async def test_a_start_in_known_and_quiet_servers_writes_nothing_for_each(
    chat, server, monkeypatch, swept
):
    monkeypatch.setattr(sweeping, "CHECKED_AGE", timedelta(0))  # it joined just now
    servers = [server.add_guild(f"Tea {number}") for number in range(15)]
    rooms = [server.add_channel("tea", guild=guild) for guild in servers]
    await spoken_of_old(chat, 3, server.general, *rooms)
    num_fetched = len(server.asked("GET", "/messages"))
    swept.clear()
    writing = calls(monkeypatch, Database, "writing")
    asked = calls(monkeypatch, Marks, "heard_until")

    async with chat.running():
        await seen(lambda: swept)

        assert len(writing) < len(servers)
        assert asked == []
    assert len(server.asked("GET", "/messages")) == num_fetched


async def test_among_quiet_places_the_one_where_something_was_said_is_fetched(chat, server, swept):
    tea = server.add_channel("tea")
    await spoken_of_old(chat, 3, server.general, tea)
    missed = await server.member("Zoe").says(tea, "missed")

    async with chat.running():
        await chat.heard(tea, missed)
        await chat.heard(server.general, await server.member("Zoe").says(server.general, "live"))

        assert await chat.texts() == ["long ago", "live"]
        assert await chat.texts(tea) == ["long ago", "missed"]


async def test_a_quiet_place_with_a_gap_of_before_is_fetched(chat, server, monkeypatch):
    monkeypatch.setattr(sweeping, "CHECKED_AGE", timedelta(0))
    zoe = server.member("Zoe")
    async with chat.running():
        await chat.heard(server.general, await zoe.says(server.general, "first"))
    missed = await zoe.says(server.general, "missed")
    server.faults.respond(503, on=FETCH, times=99)
    async with chat.running():
        await chat.heard(server.general, await zoe.says(server.general, "live"))
    server.faults.clear()

    async with chat.running():
        await chat.heard(server.general, missed)


async def test_a_direct_chat_that_was_silent_for_long_is_not_asked_for(chat, server, swept):
    zoe = server.member("Zoe")
    await spoken_of_old(chat, 9, zoe.dm)
    num_fetched = len(server.asked("GET", "/messages"))
    swept.clear()

    async with chat.running():
        await seen(lambda: swept)

        assert len(server.asked("GET", "/messages")) == num_fetched
        await chat.heard(zoe.dm, await zoe.says(zoe.dm, "hello again"))
        assert "hello again" in await chat.texts(zoe.dm)


async def test_a_greeting_that_hangs_keeps_nobody_from_being_heard(chat, server):
    async with chat.running():
        await chat.heard(server.general, await server.member("Ben").says(server.general, "first"))
    server.add_guild("Tea house")
    missed = await server.member("Ben").says(server.general, "missed")
    gate = server.faults.hold(on="POST */messages", times=99)

    async with chat.running(connects=False):
        await chat.heard(server.general, missed)
        gate.open()
