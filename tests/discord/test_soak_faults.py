"""What the soak found, each reduced to a short chat."""

import asyncio

import pytest

from tests.discord.living import HastyClient
from tests.discord.weather import Weather
from tests.discord_server import ChannelType
from tests.waiting import WITHIN_S


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def thread_from_a_message(chat):
    """Let a thread begin with a message, and both be heard; give the message and the thread."""
    mia = chat.server.member("Mia")
    said = await chat.says(mia, "we paint it red")
    thread = chat.server.add_thread(chat.server.general, "colors", by=mia, starter=said)
    await chat.says(mia, "or blue", where=thread)
    return said, thread


async def after_a_new_session(chat, channel):
    said = await chat.server.member("Zoe").says(channel, "hello")
    await chat.heard(channel, said)


async def texts(chat, channel):
    return [entry.text for entry in await chat.entries(channel) if not entry.deleted]


async def test_what_a_thread_began_with_is_not_taken_for_deleted_after_a_downtime(chat, server):
    async with chat.running():
        _, thread = await thread_from_a_message(chat)

    async with chat.running():
        await after_a_new_session(chat, thread)

        assert await texts(chat, thread) == ["we paint it red", "or blue", "hello"]


async def test_what_a_thread_began_with_is_edited_there_too_after_a_downtime(chat, server):
    async with chat.running():
        said, thread = await thread_from_a_message(chat)
    await server.member("Mia").edits(said, "we paint it green")

    async with chat.running():
        await after_a_new_session(chat, server.general)

        assert await texts(chat, thread) == ["we paint it green", "or blue"]


async def test_what_a_thread_began_with_is_deleted_there_too_after_a_downtime(chat, server):
    async with chat.running():
        said, thread = await thread_from_a_message(chat)
    await server.member("Mia").deletes(said)

    async with chat.running():
        await after_a_new_session(chat, server.general)

        assert await texts(chat, thread) == ["or blue"]


async def test_a_forum_post_deleted_during_a_downtime_is_forgotten(chat, server):
    mia = server.member("Mia")
    forum = server.add_channel("forum", ChannelType.FORUM)
    async with chat.running():
        post = await server.add_post(forum, "Paint", "red, I say", by=mia)
        await chat.says(mia, "or blue", where=post)
    await mia.deletes(post.messages[post.id])

    async with chat.running():
        await after_a_new_session(chat, post)

        assert await texts(chat, post) == ["or blue", "hello"]


async def test_a_stop_is_heard_while_a_lost_session_begins_anew(chat, server, monkeypatch):
    is_identifying = asyncio.Event()

    async def wait_as_discord_asks(client, shard_id, *, initial=False):
        if not initial:
            is_identifying.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(HastyClient, "before_identify_hook", wait_as_discord_asks)
    async with chat.running():
        server.gateway.invalidate_sessions(resumable=False)
        await is_identifying.wait()

        chat.serving.cancel()
        done, _ = await asyncio.wait([chat.serving], timeout=WITHIN_S)

        assert done


async def test_a_shard_that_was_refused_often_tries_again_within_about_a_minute(chat):
    async with chat.running():
        (shard,) = chat.bot.client.shards.values()

        waits_s = [shard._parent._backoff.delay() for _ in range(100)]

    assert 30 < max(waits_s) <= 64
