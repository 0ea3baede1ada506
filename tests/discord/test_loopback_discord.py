"""The loopback Discord is one that the real discord.py takes for Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import discord
import pytest

from tests.discord_server import DiscordServer, Intent, Permission, discord_server, pointed_at

INTENTS = discord.Intents(
    guilds=True,
    guild_messages=True,
    dm_messages=True,
    message_content=True,
    guild_reactions=True,
    dm_reactions=True,
    moderation=True,
)
IDENTIFY, RESUME = 2, 6


class Ears(discord.Client):
    """Keeps what it hears, and says on the server's side that something happened."""

    def __init__(self, server: DiscordServer, **options):
        options = {"intents": INTENTS, "guild_ready_timeout": 0.05, "max_messages": None, **options}
        super().__init__(**options)
        self.server = server
        self.heard: list[discord.Message] = []
        self.events: list[str] = []

    def dispatch(self, event, /, *args, **kwargs):
        super().dispatch(event, *args, **kwargs)
        self.events.append(event)
        self.server.changed()

    async def on_message(self, message):
        self.heard.append(message)
        self.server.changed()

    async def before_identify_hook(self, shard_id, *, initial=False):
        """Identify at once: this server sets no limit."""

    @property
    def texts(self):
        return [message.content for message in self.heard]


class ShardedEars(Ears, discord.AutoShardedClient):
    pass


@asynccontextmanager
async def running(client: discord.Client, token: str) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.timeout(30), client:
        task = asyncio.create_task(client.start(token))
        try:
            yield task
        finally:
            await client.close()
            with suppress(Exception):
                await task


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running_server:
        with pointed_at(running_server):
            yield running_server


@pytest.fixture
async def client(server) -> AsyncIterator[Ears]:
    ears = Ears(server)
    async with running(ears, server.token):
        await server.until(lambda: "ready" in ears.events)
        yield ears


async def test_a_client_connects_and_knows_the_guild(server, client):
    assert client.user.id == int(server.bot.id)
    assert [guild.name for guild in client.guilds] == ["Harbor"]
    assert client.get_channel(int(server.general.id)).name == "general"


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
