"""Servers that remove Earshot and have it back, also where nobody hears of it."""

import pytest

from bot.runtime import opened_store
from tests.discord.test_scene_servers import left
from tests.discord.weather import Weather
from tests.logs import logged


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def removed(chat, server):
    """Let the bot hear something, and be removed."""
    async with chat.running():
        await chat.says(server.member("Mia"), "hello")
        server.acts.leave_guild(server.guild)
        await left(chat, server.guild)


async def test_data_of_a_server_that_removed_it_is_deleted_after_the_grace(chat, server, caplog):
    caplog.set_level("INFO")
    server.add_guild("Island")
    await removed(chat, server)
    async with chat.running():
        assert await chat.texts() == ["hello"]

    chat.changes["left_after_days"] = 0
    async with chat.running():
        await chat.until(lambda: _is_empty(chat))

    line = f"Discord: all data of the server {server.guild.id} is deleted: it removed the bot"
    assert line in logged(caplog, 20)


async def test_a_server_that_had_it_back_in_time_while_it_did_not_run_keeps_its_data(chat, server):
    await removed(chat, server)
    server.acts.join_guild(server.guild)
    chat.changes["left_after_days"] = 0  # it is over by now

    async with opened_store(chat.settings):  # as any start does before it connects
        pass
    async with chat.running():
        await chat.says(server.member("Mia"), "you are back")
        assert await chat.texts() == ["hello", "you are back"]


async def test_what_was_said_between_a_removal_and_a_return_that_nobody_heard_is_not_fetched(
    chat, server
):
    mia = server.member("Mia")
    async with chat.running():
        await chat.says(mia, "hello")
    server.acts.leave_guild(server.guild)
    await mia.says(server.general, "now that it is gone")
    server.clock.advance(60.0)
    server.acts.join_guild(server.guild)
    server.clock.advance(1.0)
    await mia.says(server.general, "welcome back")

    async with chat.running():
        await chat.says(mia, "there you are")
        assert await chat.texts() == ["hello", "welcome back", "there you are"]


async def test_a_server_that_it_never_left_is_no_news_at_the_next_start(chat, server, caplog):
    caplog.set_level("INFO")
    mia = server.member("Mia")
    for text in ("one", "two", "three"):
        async with chat.running():
            await chat.says(mia, text)

    assert logged(caplog, 20).count("Discord: in the server Harbor") == 1


async def test_commands_of_one_server_are_told_again_when_it_has_the_bot_back(chat, server):
    chat.changes["discord_command_guild"] = server.guild.id
    async with chat.running():
        await server.until(lambda: server.commands.get(server.guild.id))
        server.acts.leave_guild(server.guild)
        await left(chat, server.guild)
        server.acts.join_guild(server.guild)
        await chat.says(server.member("Mia"), "you are back")

        chat.naps.over()

        await server.until(lambda: server.commands.get(server.guild.id))


async def test_commands_of_one_server_are_told_again_after_a_return_that_nobody_heard(chat, server):
    chat.changes["discord_command_guild"] = server.guild.id
    async with chat.running():
        pass
    server.acts.leave_guild(server.guild)
    server.clock.advance(60.0)
    server.acts.join_guild(server.guild)

    async with chat.running():
        await chat.says(server.member("Mia"), "there you are")
        chat.naps.over()
        await server.until(lambda: server.commands.get(server.guild.id))


async def _is_empty(chat):
    return await chat.texts() == []
