"""In which mode channels start, and what that means for what was said before."""

import pytest

from bot.messages import Mode
from tests.discord.weather import Weather


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def said_between(chat, before, after, *, where=None):
    """Let something be said while channels start in one mode; give the history in the next."""
    ben, channel = chat.server.member("Ben"), where or chat.server.general
    chat.changes["new_channel_mode"] = before
    async with chat.running():
        pass
    await ben.says(channel, "missed")
    chat.changes["new_channel_mode"] = after
    async with chat.running():
        await chat.says(ben, "live", where=channel)
        return await chat.texts(channel)


async def test_what_was_said_while_channels_started_off_is_not_fetched(chat):
    assert await said_between(chat, Mode.OFF, Mode.MENTION) == ["live"]


async def test_what_was_missed_in_another_mode_is_fetched(chat):
    assert await said_between(chat, Mode.LISTEN, Mode.MENTION) == ["missed", "live"]


async def test_a_server_with_a_mode_of_its_own_was_never_off(chat, server):
    chat.changes["new_channel_mode"] = Mode.OFF
    async with chat.running():
        await server.founder.slash("assistant defaults mode", mode="mention")

    assert await said_between(chat, Mode.OFF, Mode.ACTIVE) == ["missed", "live"]


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.OFF])
async def test_in_private_it_answers_in_whatever_mode_channels_start(chat, server, mode):
    chat.changes["new_channel_mode"] = mode
    mia = server.member("Mia")
    async with chat.running():
        await chat.says(mia, "the capital?", where=mia.dm)

        assert chat.posts(mia.dm) == ["Paris."]


async def test_in_private_the_mode_that_was_chosen_stays(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await mia.slash("assistant mode", where=mia.dm, mode="listen")
    async with chat.running():
        await chat.says(mia, "the capital?", where=mia.dm)

        assert "Paris." not in chat.posts(mia.dm)


async def test_what_was_said_in_private_is_fetched_also_after_off(chat, server):
    dm = server.member("Ben").dm

    assert "missed" in await said_between(chat, Mode.OFF, Mode.MENTION, where=dm)
