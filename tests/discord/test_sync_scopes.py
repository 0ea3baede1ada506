"""Commands for all servers and for one to try them: nobody sees them twice."""

import pytest

from tests.discord.weather import Weather
from tests.logs import logged


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def start(chat, guild=None):
    """Run the bot with the commands for everybody, or for one server."""
    chat.changes["discord_command_guild"] = guild.id if guild else None
    async with chat.running():
        await chat.until(lambda: noted(chat, guild))


async def noted(chat, guild):
    note = await chat.store.notes.get("discord", "commands") or ""
    return f"/{guild.id if guild else 'everywhere'}/" in note


def puts(server):
    """List what was registered: whether for all servers, and how many commands."""
    calls = server.asked("PUT", "/commands")
    return [("/guilds/" not in call.path, len(call.body)) for call in calls]


async def test_commands_of_one_server_replace_those_of_all(chat, server):
    await start(chat)
    await start(chat, server.guild)

    assert puts(server) == [(True, 2), (False, 2), (True, 0)]


async def test_commands_of_all_servers_replace_those_of_one(chat, server):
    await start(chat, server.guild)
    await start(chat)
    await start(chat)

    assert puts(server) == [(False, 2), (True, 2), (False, 0)]


async def test_commands_of_another_server_replace_those_of_one(chat, server):
    await start(chat, server.guild)
    await start(chat, server.add_guild("Elsewhere"))

    assert [count for _, count in puts(server)] == [2, 2, 0]


async def test_commands_of_a_server_that_is_gone_need_not_be_taken_back(chat, server, caplog):
    await start(chat, server.guild)
    server.faults.respond(403, on=lambda call: call.method == "PUT" and call.body == [])
    await start(chat)

    assert logged(caplog) == []


async def test_commands_that_could_not_be_taken_back_are_taken_back_later(chat, server, caplog):
    await start(chat)
    server.faults.respond(503, on=lambda call: call.method == "PUT" and call.body == [])
    chat.changes["discord_command_guild"] = server.guild.id
    async with chat.running():
        await chat.server.until(lambda: len(puts(server)) == 3)
        chat.naps.over()
        await chat.until(lambda: noted(chat, server.guild))

    assert logged(caplog)[0].startswith("/assistant is still offered everywhere as well: 503")
    assert puts(server)[-1] == (True, 0)
