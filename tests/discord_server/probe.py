"""A client of the real discord.py that only listens, to test the server itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
import pytest

from tests.discord_server.server import DiscordServer

INTENTS = discord.Intents(
    guilds=True,
    guild_messages=True,
    dm_messages=True,
    message_content=True,
    guild_reactions=True,
    dm_reactions=True,
    moderation=True,
)


class Ears(discord.Client):
    """Keeps the names of events and the messages it hears; the server's `until` sees them."""

    def __init__(self, server: DiscordServer, **options: Any) -> None:
        few = {"intents": INTENTS, "guild_ready_timeout": 0.05, "max_messages": None}
        super().__init__(**{**few, **options})
        self.server = server
        self.heard: list[discord.Message] = []
        self.events: list[str] = []
        self.asked: list[discord.Interaction[Any]] = []

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.events.append(event)
        if event == "message":
            self.heard += args
        if event == "interaction":
            self.asked += args
        self.server.changed()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: this server sets no limit."""

    @property
    def texts(self) -> list[str]:
        return [message.content for message in self.heard]

    @property
    def room(self) -> discord.TextChannel:
        """The general channel."""
        channel = self.get_channel(int(self.server.general.id))
        assert isinstance(channel, discord.TextChannel)
        return channel

    async def next_asked(self) -> discord.Interaction[Any]:
        """Wait for the next interaction."""
        await self.server.until(lambda: self.asked)
        return self.asked.pop(0)


class ShardedEars(Ears, discord.AutoShardedClient):
    pass


@asynccontextmanager
async def started(client: Ears, token: str | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """Run a client; what its `start` raises is in the task."""
    async with client:
        task = asyncio.create_task(client.start(token or client.server.token))
        task.add_done_callback(lambda _: client.server.changed())
        try:
            yield task
        finally:
            await client.close()
            with suppress(Exception):
                await task


@asynccontextmanager
async def ready(client: Ears) -> AsyncIterator[Ears]:
    """Run a client and wait until it knows its guilds, which are told of one by one."""

    def is_ready() -> bool:
        return "ready" in client.events and not any(each.unavailable for each in client.guilds)

    async with started(client) as task:
        await client.server.until(lambda: is_ready() or task.done())
        assert not task.done(), task.exception()
        yield client


async def refusal(asking: Awaitable[object]) -> tuple[int, int]:
    """Give the status and the code that a request is refused with."""
    with pytest.raises(discord.HTTPException) as raised:
        await asking
    return raised.value.status, raised.value.code
