"""Places that the client was never told of: Discord is asked, until it tells."""

import pytest

from bot.messages import ConversationKey
from tests.discord.weather import Weather
from tests.discord_server import Message
from tests.discord_server.message_views import message_json

LOOKUP = "GET /channels/*"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


def heard_as(server, thread):
    """Name a thread's conversation, and the channel that it may be mistaken for."""
    guild = server.guild.id
    return (
        ConversationKey("discord", guild, server.general.id, thread.id),
        ConversationKey("discord", guild, thread.id),
    )


async def says_in_an_unknown_thread(chat, server):
    """Let Mia say something in a thread that the client does not know; gives the thread."""
    mia = server.member("Mia")
    thread = server.add_thread(server.general, "Cake", by=mia)
    await chat.heard(server.general, await mia.says(server.general, "first"))
    chat.bot.client.guilds[0]._threads.clear()
    chat.bot.parts.ears.places._sleep = chat.naps.sleep
    await mia.says(thread, "a secret")
    return thread


async def texts(chat, where):
    return [each.text for each in await chat.store.messages.recent(where, limit=9)]


async def is_said(chat, where, text="a secret"):
    async def said():
        return text in await texts(chat, where)

    await chat.until(said)


@pytest.mark.parametrize("status", [503, 429])
async def test_a_thread_is_a_thread_also_where_discord_cannot_tell_at_first(chat, server, status):
    async with chat.running():
        server.faults.respond(status, "busy", on=LOOKUP, times=4)
        as_thread, as_channel = heard_as(server, await says_in_an_unknown_thread(chat, server))

        await is_said(chat, as_thread)
        assert await texts(chat, as_channel) == []


async def test_a_place_that_discord_does_not_let_it_see_is_taken_for_a_channel(chat, server):
    async with chat.running():
        server.faults.respond(403, on=LOOKUP, times=9)
        _, as_channel = heard_as(server, await says_in_an_unknown_thread(chat, server))

        await is_said(chat, as_channel)


async def test_what_is_said_in_a_server_that_it_is_not_in_is_no_direct_message(chat, server):
    island = server.add_guild("Island", bot_present=False)
    beach = server.add_channel("beach", guild=island)
    mia = server.member("Mia")
    async with chat.running():
        said = Message(server.ids.next(), beach, mia.user, "hello", server.clock.now())
        shown = message_json(said, reader=server.bot, has_content=True)
        server.gateway.emit_raw("MESSAGE_CREATE", {**shown, "guild_id": island.id})
        await chat.heard(server.general, await mia.says(server.general, "here"))

        places = await chat.store.messages.conversations("discord")

    assert [each.channel for each in places] == [server.general.id]
