"""Where the client connects, and what it still knows of servers after a session was lost."""

import discord
import pytest
from discord.gateway import DiscordWebSocket
from yarl import URL

from bot.platforms.discord.sharded import MAX_LAUNCHES, ShardedClient
from tests.discord.weather import Weather
from tests.discord_server.gateway import IDENTIFY

NOBODY_THERE = "ws://127.0.0.1:9/"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def hears(chat, text):
    await chat.says(chat.server.member("Mia"), text)


async def lost(chat, meanwhile=lambda: None):
    """Let the bot lose its session; something happens before it has another one."""
    server = chat.server
    num_before = server.gateway.num_heard(IDENTIFY)
    server.gateway.forget_sessions()
    meanwhile()
    server.gateway.drop_connections()
    await server.until(lambda: server.gateway.num_heard(IDENTIFY) > num_before)


async def test_it_connects_to_the_gateway_of_the_settings_whatever_the_api_names(chat, server):
    server.named_gateway = NOBODY_THERE

    async with chat.running():
        await hears(chat, "hello")
        await lost(chat)
        await hears(chat, "again")

    assert server.gateway.num_heard(IDENTIFY) == 2


async def test_it_connects_to_the_gateway_that_the_api_names_also_after_a_lost_session(
    chat, server, monkeypatch
):
    chat.changes["discord_gateway"] = None
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(NOBODY_THERE))

    async with chat.running():
        await hears(chat, "hello")
        await lost(chat)
        await hears(chat, "again")

    assert server.gateway.num_heard(IDENTIFY) == 2


async def test_shards_that_are_named_connect_where_the_api_says(chat, server, monkeypatch):
    chat.changes |= {"discord_gateway": None, "discord_shards": "0/1"}
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(NOBODY_THERE))

    async with chat.running():
        await hears(chat, "hello")


async def test_a_removal_while_the_session_was_lost_is_noted(chat, server):
    island = server.add_guild("Island")
    async with chat.running():
        await hears(chat, "hello")
        await chat.until(lambda: _present(chat, {server.guild.id, island.id}))

        await lost(chat, lambda: server.acts.leave_guild(island))

        await chat.until(lambda: _present(chat, {server.guild.id}))
        assert [each.name for each in chat.bot.client.guilds] == ["Harbor"]


async def test_a_removal_is_noted_by_the_one_shard_of_several_that_lost_its_session(chat, server):
    server.num_shards = 2
    islands = [server.add_guild(f"Island {each}", shard=(each, 2)) for each in range(2)]
    async with chat.running():
        present = {server.guild.id, *(each.id for each in islands)}
        await chat.until(lambda: _present(chat, present))

        (session,) = [one for one in server.gateway.sessions.values() if one.shard == (1, 2)]
        del server.gateway.sessions[session.id]
        server.acts.leave_guild(islands[1])
        session.connection.drop()

        await chat.until(lambda: _present(chat, present - {islands[1].id}))


async def test_a_gateway_that_cannot_be_reached_for_long_ends_the_client(monkeypatch):
    """As discord.py does: it calls itself again, but without the 5 s."""

    async def again(self, gateway, shard_id, *, initial=False):
        tried.append(shard_id)
        await self.launch_shard(gateway, shard_id)

    tried = []
    monkeypatch.setattr(discord.AutoShardedClient, "launch_shard", again)
    client = ShardedClient(shards=None, gateway=None, intents=discord.Intents.none())

    with pytest.raises(discord.GatewayNotFound):
        await client.launch_shard(URL(NOBODY_THERE), 0)

    assert tried == [0] * MAX_LAUNCHES


async def _present(chat, wanted):
    return set(await chat.store.workspaces.present("discord")) == wanted
