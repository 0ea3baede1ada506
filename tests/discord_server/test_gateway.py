"""What no well-behaved client does, over a bare websocket."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.discord_server.intents import Intent

HEARTBEAT, IDENTIFY, RESUME, REQUEST_MEMBERS, HEARTBEAT_ACK = 1, 2, 6, 8, 11


@pytest.fixture
async def socket(server) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as http, http.ws_connect(server.gateway_url) as ws:
        hello = await ws.receive_json()
        assert hello["d"] == {"heartbeat_interval": 20000}
        yield ws


def identity(server, **changes) -> dict:
    asked = {"token": server.token, "intents": int(Intent.GUILDS), "properties": {}, **changes}
    return {"op": IDENTIFY, "d": asked}


async def close_code(socket) -> int:
    """Read to the end and give the code of the goodbye."""
    async for _ in socket:
        pass
    return socket.close_code


async def test_a_heartbeat_is_acknowledged_before_anything_else(socket):
    await socket.send_json({"op": HEARTBEAT, "d": None})

    assert await socket.receive_json() == {"op": HEARTBEAT_ACK, "s": None, "t": None, "d": None}


async def test_a_client_that_says_goodbye_ends_its_session(server, socket):
    await socket.send_json(identity(server))
    await server.until(lambda: server.gateway.sessions)

    await socket.close(code=1000)

    await server.until(lambda: not server.gateway.sessions)


async def test_a_client_that_closes_with_another_code_may_resume(server, socket):
    await socket.send_json(identity(server))
    await server.until(lambda: server.gateway.num_connected)

    await socket.close(code=4000)

    await server.until(lambda: not server.gateway.num_connected)
    assert len(server.gateway.sessions) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"op": REQUEST_MEMBERS, "d": {}}, 4003),
        ({"op": IDENTIFY, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": RESUME, "d": {"token": "wrong", "session_id": "1", "seq": 1}}, 4004),
    ],
)
async def test_who_is_not_known_is_sent_away(socket, said, code):
    await socket.send_json(said)

    assert await close_code(socket) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"shard": [2, 2]}, 4010), ({"shard": [0]}, 4010), ({"intents": -1}, 4013)],
)
async def test_who_identifies_wrongly_is_sent_away(server, socket, changes, code):
    await socket.send_json(identity(server, **changes))

    assert await close_code(socket) == code


async def test_who_identifies_twice_is_sent_away(server, socket):
    for _ in range(2):
        await socket.send_json(identity(server))

    assert await close_code(socket) == 4005


async def test_who_resumes_from_the_future_is_sent_away(server, socket):
    await socket.send_json(identity(server))
    await server.until(lambda: server.gateway.sessions)
    (session_id,) = server.gateway.sessions

    resuming = {"token": server.token, "session_id": session_id, "seq": 99}
    await socket.send_json({"op": RESUME, "d": resuming})

    assert await close_code(socket) == 4007


@pytest.mark.parametrize(("words", "code"), [("{", 4002), ("[]", 4002), ('{"op": 99}', 4001)])
async def test_who_talks_nonsense_is_sent_away(server, socket, words, code):
    await socket.send_json(identity(server))

    await socket.send_str(words)

    assert await close_code(socket) == code


async def test_members_come_when_they_are_asked_for(server, socket):
    server.member("Mia")
    await socket.send_json(identity(server))
    await socket.send_json({"op": REQUEST_MEMBERS, "d": {"guild_id": server.guild.id}})

    names = [(await socket.receive_json())["t"] for _ in range(2)]
    chunk = await socket.receive_json()

    assert [*names, chunk["t"]] == ["READY", "GUILD_CREATE", "GUILD_MEMBERS_CHUNK"]
    assert len(chunk["d"]["members"]) == 3
