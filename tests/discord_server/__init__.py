"""A loopback Discord, gateway and REST in one, that the real discord.py connects to.

    async with discord_server() as server, pointed_at(server):
        mia = server.member("Mia", nick="Mia from Ops")
        ... start a client with server.token ...
        await mia.says(server.general, "hello", mentions=[server.bot])
        await server.until(lambda: server.posts(server.general))

It listens on 127.0.0.1, so another process can connect as well: give it `server.api_url`,
`server.gateway_url` and `server.token`.

- People (`people.py`): `says`, `replies`, `edits`, `deletes`, `reacts`, `slash`, `is_typing`,
  `asks_about`, `presses`, `submits`. What no client could send fails the test.
- Scenery (`server.py`): `add_guild`, `add_channel`, `add_thread`, `add_post`, `add_role`,
  `change_permissions`; what else happens, such as a lost guild, is in `server.acts`.
- Trouble: `server.gateway` (drops, closes, lost sessions, events twice), `server.faults` (errors,
  resets, lost and late answers), `server.limits`, `server.clock.advance`, and `odd.py`.
- What was seen: `server.posts`, `server.asked`, `server.requests`, `server.refusals`,
  `server.gateway.heard`; `server.until` waits for it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import discord.gateway
import discord.http
import yarl
from discord.gateway import KeepAliveHandler

from tests.discord_server.faults import Gate
from tests.discord_server.intents import Intent
from tests.discord_server.interactions import Interaction
from tests.discord_server.people import Person
from tests.discord_server.permissions import Permission
from tests.discord_server.server import DiscordServer
from tests.discord_server.world import Channel, ChannelType, Guild, Message, Role, User

__all__ = [
    "Channel",
    "ChannelType",
    "DiscordServer",
    "Gate",
    "Guild",
    "Intent",
    "Interaction",
    "Message",
    "Permission",
    "Person",
    "Role",
    "User",
    "discord_server",
    "pointed_at",
]


HEART_BEAT_S = 12.0  # such a thread waits for the loop for ten seconds at most


@asynccontextmanager
async def discord_server() -> AsyncIterator[DiscordServer]:
    """Run a server; at the end, fail if the bot asked for what the server does not know."""
    server = DiscordServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        await _heart_beats_ended()
    if server.crashes:
        raise ExceptionGroup("the loopback Discord itself failed", server.crashes)
    assert not server.unknown_routes, f"this server has no {server.unknown_routes}"


async def _heart_beats_ended() -> None:
    """End discord.py's threads: one that is left calls into a loop that is closed by then."""
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler):
            # That of a connection that was cut off while it came about is told by nobody.
            thread.stop()
            await thread.ws.socket.close()
            await asyncio.to_thread(thread.join, HEART_BEAT_S)


@contextmanager
def pointed_at(server: DiscordServer) -> Iterator[None]:
    """Let discord.py in this process talk to the server instead of Discord."""
    api, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = server.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)
    try:
        yield
    finally:
        discord.http.Route.BASE = api
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway
