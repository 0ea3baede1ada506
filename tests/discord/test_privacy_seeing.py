"""What was said before the bot could see a channel is not fetched, once it can."""

import pytest

from tests.discord.weather import Weather
from tests.discord_server import Permission
from tests.discord_server.views import channel_json
from tests.discord_server.world import Channel, ChannelType, Message

VIEW = Permission.VIEW_CHANNEL
FROM_HERE = ["the bot may read from here on"]


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def hidden_channel(chat, *, from_whom=None):
    """Make a channel that the bot cannot see, in which somebody says something."""
    mods = chat.server.add_channel("mods")
    chat.server.change_permissions(mods, from_whom, deny=VIEW)
    await chat.says(chat.server.member("Ben"), "hello")  # the bot has seen what was before
    await chat.server.member("Ben").says(mods, "a secret")
    return mods


async def speak_from_here(chat, channel):
    """Let somebody say the first words that the bot may hear; give all that it heard there."""
    last = await chat.server.member("Ben").says(channel, *FROM_HERE)
    await chat.heard(channel, last)
    return await chat.texts(channel)


async def test_a_channel_that_is_shown_is_heard_from_then_on(chat, server):
    async with chat.running():
        mods = await hidden_channel(chat)
        server.change_permissions(mods, allow=VIEW)

        assert await speak_from_here(chat, mods) == FROM_HERE


async def test_a_channel_that_a_role_shows_is_heard_from_then_on(chat, server):
    async with chat.running():
        mods = await hidden_channel(chat, from_whom=server.guild.everyone)
        own = next(role for role in server.guild.roles if role.name == server.bot.name)
        own.permissions |= Permission.ADMINISTRATOR
        server.acts.update_role(server.guild, own)

        assert await speak_from_here(chat, mods) == FROM_HERE


async def test_a_channel_that_is_shown_while_nobody_listens_is_heard_from_the_start(chat, server):
    async with chat.running():
        mods = await hidden_channel(chat)
    server.change_permissions(mods, allow=VIEW)

    async with chat.running():
        assert await speak_from_here(chat, mods) == FROM_HERE


async def test_threads_of_a_channel_that_is_shown_are_heard_from_then_on(chat, server):
    ben = server.member("Ben")
    async with chat.running():
        mods = await hidden_channel(chat)
        thread = server.add_thread(mods, "plans", by=ben)
        await ben.says(thread, "a secret")
        server.change_permissions(mods, allow=VIEW)

        assert await speak_from_here(chat, thread) == FROM_HERE


async def test_what_is_said_while_a_channel_is_hidden_for_a_time_is_not_fetched(chat, server):
    ben = server.member("Ben")
    async with chat.running():
        await chat.says(ben, "hello")
        server.change_permissions(server.general, deny=VIEW)
        await ben.says(server.general, "a secret")
        server.change_permissions(server.general, allow=VIEW)
        await speak_from_here(chat, server.general)
    async with chat.running():
        await chat.says(ben, "again")

        assert await chat.texts() == ["hello", *FROM_HERE, "again"]


async def test_what_is_said_in_a_channel_made_meanwhile_is_fetched(chat, server):
    async with chat.running():
        pass
    news = server.add_channel("news")
    missed = await server.member("Ben").says(news, "open to all")

    async with chat.running():
        await chat.heard(news, missed)


async def test_a_channel_that_is_shown_during_an_outage_is_heard_from_its_end(chat, server):
    async with chat.running():
        mods = await hidden_channel(chat)
        server.acts.lose_guild(server.guild)
        server.change_permissions(mods, allow=VIEW)
        server.acts.join_guild(server.guild)

        assert await speak_from_here(chat, mods) == FROM_HERE


async def test_a_private_thread_is_heard_from_when_the_bot_is_let_in(chat, server):
    ben = server.member("Ben")
    async with chat.running():
        now, kind = server.clock.now(), ChannelType.PRIVATE_THREAD
        thread = Channel(server.ids.next(), kind, "plans", now, server.guild)
        thread.parent_id, thread.owner_id = server.general.id, ben.id
        server.guild.channels[thread.id] = thread
        secret = Message(server.ids.next(), thread, ben.user, "a secret", now)
        thread.messages[secret.id] = secret
        server.gateway.emit("THREAD_CREATE", channel_json(thread), guild=server.guild)

        assert await speak_from_here(chat, thread) == FROM_HERE
