from datetime import timedelta

import aiohttp
import discord
import pytest

from tests.discord_server import ChannelType, Permission
from tests.discord_server.probe import refusal


async def test_history_is_read_page_by_page(server, client):
    mia = server.member("Mia")
    said = [await mia.says(server.general, f"message {n}") for n in range(230)]

    newest = [one.content async for one in client.room.history(limit=None)]
    middle = discord.Object(said[100].id)
    after = [one.content async for one in client.room.history(after=middle, limit=120)]
    around = [one.content async for one in client.room.history(around=middle, limit=3)]

    assert newest == [one.content for one in reversed(said)]
    assert after == [one.content for one in said[101:221]]
    assert sorted(around) == ["message 100", "message 101", "message 99"]


async def test_what_was_said_long_ago_stands_in_its_place(server, client):
    mia = server.member("Mia")
    await mia.says(server.general, "just now")
    old = await mia.says(server.general, "a day ago", ago=timedelta(days=1))

    texts = [one.content async for one in client.room.history()]

    assert texts == ["just now", "a day ago"]
    assert discord.utils.snowflake_time(int(old.id)) == old.sent_at


async def test_without_the_right_to_read_history_it_is_empty_and_replies_are_refused(
    server, client
):
    await server.member("Mia").says(server.general, "hello")
    await server.until(lambda: client.heard)

    server.change_permissions(server.general, deny=Permission.READ_MESSAGE_HISTORY)

    assert [one async for one in client.room.history()] == []
    assert await refusal(client.heard[0].reply("hi")) == (403, 160002)


@pytest.mark.parametrize(
    ("denied", "code"),
    [(Permission.VIEW_CHANNEL, 50001), (Permission.SEND_MESSAGES, 50013)],
)
async def test_a_channel_that_denies_it_takes_no_post(server, client, denied, code):
    server.change_permissions(server.general, deny=denied)

    assert await refusal(client.room.send("hello")) == (403, code)


async def test_a_channel_that_is_gone_takes_no_post(server, client):
    room = client.room
    server.acts.delete_channel(server.general)

    await server.until(lambda: "guild_channel_delete" in client.events)
    assert await refusal(room.send("hello")) == (404, 10003)


async def test_the_bot_reacts_and_takes_it_back(server, client):
    message = await server.member("Mia").says(server.general, "lunch?")
    await server.until(lambda: client.heard)

    await client.heard[0].add_reaction("👀")
    assert message.reactions == {"👀": [server.bot]}
    await client.heard[0].remove_reaction("👀", client.user)

    assert message.reactions == {}
    assert await refusal(client.heard[0].add_reaction("eyes")) == (400, 10014)


async def test_a_thread_wakes_when_somebody_writes_and_stays_shut_when_locked(server, client):
    thread = server.add_thread(server.general, "side talk", by=server.member("Mia"))
    await server.until(lambda: "thread_create" in client.events)
    seen = client.guilds[0].get_thread(int(thread.id))
    sent = await seen.send("first")

    server.acts.archive(thread, archived=True)
    assert await refusal(sent.edit(content="second")) == (400, 50083)
    assert await refusal(sent.add_reaction("👀")) == (400, 50083)
    await seen.send("awake")
    assert not thread.archived

    thread.locked = True
    assert await refusal(seen.send("locked")) == (403, 50013)
    server.acts.archive(thread, archived=True)
    assert await refusal(seen.send("locked")) == (400, 50083)


async def test_a_forum_post_is_a_thread_whose_first_message_has_its_id(server, client):
    forum = server.add_channel("help", ChannelType.FORUM)
    post = await server.add_post(forum, "It rains in", "What now?", by=server.member("Mia"))
    await server.until(lambda: client.heard)

    assert client.heard[0].channel.name == "It rains in"
    assert client.heard[0].id == int(post.id) == client.heard[0].channel.id
    raw = client.http.send_message(forum.id, params=discord.http.handle_message_parameters("x"))
    assert await refusal(raw) == (400, 50008)


async def test_a_direct_message_is_heard_and_answered(server, client):
    mia = server.member("Mia")
    await mia.says(mia.dm, "between us")
    await server.until(lambda: client.heard)

    await client.heard[0].channel.send("of course")
    opened = await client.heard[0].author.create_dm()

    assert [post.content for post in server.posts(mia.dm)] == ["of course"]
    assert opened.id == int(mia.dm.id)


async def test_the_bot_hears_when_it_is_removed_and_added(server, client):
    server.acts.leave_guild(server.guild)
    await server.until(lambda: "guild_remove" in client.events)
    assert await refusal(client.http.get_guild(int(server.guild.id))) == (403, 50001)

    server.acts.join_guild(server.guild)
    await server.until(lambda: "guild_join" in client.events)
    server.acts.lose_guild(server.guild)
    await server.until(lambda: "guild_unavailable" in client.events)
    server.acts.join_guild(server.guild)
    await server.until(lambda: "guild_available" in client.events)


async def test_who_takes_no_direct_messages_gets_none(server, client):
    mia = server.member("Mia")
    await mia.says(mia.dm, "hello")
    await server.until(lambda: client.heard)
    server.closed_dms.add(mia.id)

    assert await refusal(client.heard[0].channel.send("hello")) == (403, 50007)


async def test_the_chat_of_a_voice_channel_needs_the_right_to_enter(server, client):
    lounge = server.add_channel("lounge", ChannelType.VOICE)
    await server.until(lambda: "guild_channel_create" in client.events)
    server.change_permissions(lounge, deny=Permission.CONNECT)

    assert await refusal(client.get_channel(int(lounge.id)).send("hello")) == (403, 50013)


async def test_a_client_keeps_to_the_limit_of_a_channel_by_itself(server, client):
    server.limits.limit("POST /channels/{channel}/messages", 2, per_s=0.2)

    for number in range(5):
        await client.room.send(f"message {number}")

    statuses = [call.status for call in server.asked("POST", "/messages")]
    assert statuses == [200] * 5
    times = [call.at_s for call in server.asked("POST", "/messages")]
    assert times[2] - times[0] > 0.19


async def test_who_does_not_keep_to_it_is_told_to_wait(server, client):
    server.limits.limit("POST /channels/{channel}/messages", 1, per_s=0.2)
    asking = aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"})

    async with asking:
        url = f"{server.api_url}/channels/{server.general.id}/messages"
        for _ in range(2):
            answer = await asking.post(url, json={"content": "hello"})
        told = await answer.json()

    assert (answer.status, server.limits.num_refused) == (429, 1)
    assert 0 < told["retry_after"] <= 0.2
    assert len(server.posts(server.general)) == 1
