"""The loopback Discord is one that the real discord.py takes for Discord."""

import asyncio

import aiohttp
import discord
import pytest

from tests.discord_server import Intent
from tests.discord_server.odd import poison
from tests.discord_server.probe import Ears, ready, started

HEARTBEAT, IDENTIFY, RESUME = 1, 2, 6
POST = "POST */messages"


async def test_a_client_connects_and_knows_the_guild(server, client):
    assert client.user.id == int(server.bot.id)
    assert [guild.name for guild in client.guilds] == ["Harbor"]
    assert client.room.name == "general"
    assert server.gateway.connections[0]["compress"] == "zlib-stream"


async def test_a_client_that_wants_no_compression_is_served_text(server, monkeypatch):
    whole = discord.gateway.DiscordWebSocket.from_client
    plain = lambda client, **options: whole(client, compress=False, **options)  # noqa: E731
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "from_client", plain)

    async with ready(Ears(server)) as client:
        assert [guild.name for guild in client.guilds] == ["Harbor"]

    assert "compress" not in server.gateway.connections[0]


async def test_a_message_is_heard_and_answered(server, client):
    mia = server.member("Mia", nick="Mia from Ops")

    asked = await mia.says(server.general, "who has the key?", mentions=[server.bot])
    await server.until(lambda: client.heard)
    await client.heard[0].reply("Ben has it.")

    assert client.heard[0].author.display_name == "Mia from Ops"
    assert client.heard[0].mentions == [client.user]
    (post,) = server.posts(server.general)
    assert (post.content, post.reply_to_id) == ("Ben has it.", asked.id)
    assert post.pings == [mia.user]


async def test_the_bot_hears_its_own_words(server, client):
    await client.room.send("Good morning.")
    await server.until(lambda: client.heard)

    assert client.heard[0].author == client.user


async def test_edits_deletions_and_reactions_are_told(server, client):
    mia = server.member("Mia")
    message = await mia.says(server.general, "lunch?")

    await mia.edits(message, "lunch at noon?")
    await mia.reacts(message, "🍜")
    await mia.unreacts(message, "🍜")
    await mia.deletes(message)

    await server.until(lambda: "raw_message_delete" in client.events)
    told = [event for event in client.events if event.startswith("raw_")]
    assert told == [
        "raw_message_edit",
        "raw_reaction_add",
        "raw_reaction_remove",
        "raw_message_delete",
    ]


async def test_what_is_sent_twice_with_one_nonce_is_posted_once(server, client):
    server.faults.respond(500, on=POST, after=True)

    sent = await client.room.send("Once.", nonce="7")

    assert len(server.asked("POST", "/messages")) == 2
    assert [post.id for post in server.posts(server.general)] == [str(sent.id)]


async def test_a_nonce_is_forgotten_after_a_few_minutes(server, client):
    first = await client.room.send("Once.", nonce="7")
    again = await client.room.send("Once.", nonce="7")
    server.clock.advance(301)
    later = await client.room.send("Once.", nonce="7")

    assert first.id == again.id != later.id
    assert len(server.posts(server.general)) == 2


async def test_what_was_said_while_the_connection_was_down_is_replayed(server, client):
    mia = server.member("Mia")
    await mia.says(server.general, "before")
    await server.until(lambda: client.texts == ["before"])

    server.gateway.drop_connections()
    await mia.says(server.general, "meanwhile")

    await server.until(lambda: client.texts == ["before", "meanwhile"])
    await server.until(lambda: "resumed" in client.events)
    assert server.gateway.num_heard(IDENTIFY) == 1


@pytest.mark.parametrize("code", [1000, 4000, 4008, 4009])
async def test_a_client_resumes_after_a_close_it_may_recover_from(server, client, code):
    await server.gateway.close_connections(code)

    await server.until(lambda: "resumed" in client.events)
    assert server.gateway.num_heard(IDENTIFY) == 1


async def test_a_client_that_is_asked_to_reconnect_resumes(server, client):
    server.gateway.ask_to_reconnect()

    await server.until(lambda: "resumed" in client.events)
    assert server.gateway.num_heard(IDENTIFY) == 1


async def test_a_session_that_can_be_resumed_is_resumed(server, client):
    server.gateway.invalidate_sessions(resumable=True)

    await server.until(lambda: "resumed" in client.events)


async def test_a_session_that_cannot_be_resumed_begins_anew(server, client):
    server.gateway.invalidate_sessions(resumable=False)

    await server.until(lambda: client.events.count("ready") == 2)
    assert server.gateway.num_heard(IDENTIFY) == 2


async def test_a_lost_session_begins_anew(server, client):
    server.gateway.forget_sessions()
    server.gateway.drop_connections()

    await server.until(lambda: client.events.count("ready") == 2)
    assert (server.gateway.num_heard(RESUME), server.gateway.num_heard(IDENTIFY)) == (1, 2)


async def test_an_event_can_be_told_twice(server, client):
    await server.member("Mia").says(server.general, "hello")

    server.gateway.again("MESSAGE_CREATE")

    await server.until(lambda: client.texts == ["hello", "hello"])
    assert client.heard[0].id == client.heard[1].id


async def test_held_back_acknowledgements_do_not_end_the_connection(server):
    server.gateway.heartbeat_interval_s, server.gateway.acks = 0.05, False

    async with ready(Ears(server)) as client:
        await server.until(lambda: server.gateway.num_heard(HEARTBEAT) > 3)
        await server.member("Mia").says(server.general, "still there?")
        await server.until(lambda: client.heard)

    assert len(server.gateway.connections) == 1


async def test_a_payload_that_no_parser_digests_ends_the_client(server):
    async with started(Ears(server)) as task:
        await server.until(lambda: server.gateway.num_connected)
        poison(server, server.general, server.member("Mia"))
        await server.until(task.done)

    assert isinstance(task.exception(), TypeError)


async def test_a_bad_token_is_refused(server):
    async with started(Ears(server), "wrong") as task:
        await server.until(task.done)

    assert isinstance(task.exception(), discord.LoginFailure)


async def test_an_intent_that_was_not_granted_closes_the_connection(server):
    server.gateway.granted &= ~Intent.MESSAGE_CONTENT

    async with started(Ears(server)) as task:
        await server.until(task.done)

    assert isinstance(task.exception(), discord.PrivilegedIntentsRequired)


async def test_a_first_connection_that_is_refused_ends_the_client(server):
    server.gateway.refuse_next(1)

    async with started(Ears(server)) as task:
        await server.until(task.done)

    assert isinstance(task.exception(), AttributeError)  # a defect of discord.py 2.7.1


async def test_a_rate_limit_is_waited_for(server, client):
    server.faults.rate_limit(0.01, on=POST)

    await client.room.send("Later.")

    assert [call.status for call in server.asked("POST", "/messages")] == [429, 200]


async def test_a_ban_by_the_guard_is_raised(server, client):
    server.faults.ban(on=POST)

    with pytest.raises(discord.HTTPException) as raised:
        await client.room.send("Never.")

    assert raised.value.status == 429
    assert server.posts(server.general) == []


@pytest.mark.parametrize(
    ("status", "statuses"), [(500, [500, 200]), (502, [502, 200]), (503, [503])]
)
async def test_some_server_errors_are_retried(server, client, status, statuses):
    server.faults.respond(status, on=POST)

    try:
        await client.room.send("Sooner or later.")
    except discord.DiscordServerError as error:
        assert error.status == 503  # noqa: PT017 - only this one is raised

    assert [call.status for call in server.asked("POST", "/messages")] == statuses


@pytest.mark.parametrize("after", [False, True])
async def test_a_reset_connection_is_raised(server, client, after):
    server.faults.reset(on=POST, after=after)

    with pytest.raises((OSError, aiohttp.ClientError)):
        await client.room.send("Lost?")

    assert len(server.posts(server.general)) == after


async def test_a_request_can_be_held_back(server, client):
    gate = server.faults.hold(on="POST */typing")

    async with asyncio.TaskGroup() as tasks:
        typing = tasks.create_task(client.room.typing().wrapped_typer())
        await gate.reached.wait()
        assert not typing.done()
        gate.open()

    assert server.general.num_typing == 1
