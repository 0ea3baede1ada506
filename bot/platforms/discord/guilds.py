"""Servers that the bot joins and leaves, as Discord tells of them, and where each is greeted."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import partial

import discord

from bot.messages import Mode, workspace_key
from bot.platforms.discord.keys import DIRECT, PLATFORM, channel_key, shard_of, workspace_of
from bot.platforms.insist import insisted
from bot.platforms.workspaces import Workspaces, greeting
from bot.ports import Platform
from bot.store import Store


class Guilds:
    """Keeps the list of servers. Every method raises StoreError.

    `lost` is awaited with each server that the bot is new in, or back: Discord has forgotten there
    what it told before.
    """

    def __init__(
        self,
        store: Store,
        platform: Platform,
        workspaces: Workspaces,
        lost: Callable[[int], Awaitable[None]],
    ) -> None:
        self._store = store
        self._platform = platform
        self._workspaces = workspaces
        self._lost = lost
        self._joining = asyncio.Lock()  # who finds a server known may rely on all that follows

    async def begin(self, new_channel_mode: Mode) -> None:
        """Take over in which mode channels start, before anything is heard.

        Direct messages are all meant for the assistant: they start in `mention`, whatever holds for
        channels.
        """
        await self._workspaces.begin(new_channel_mode)
        direct = workspace_key(PLATFORM, DIRECT)
        if "mode" not in await self._store.channels.chosen(direct):
            await self._store.channels.change(direct, mode=Mode.MENTION)

    async def joined(self, guild: discord.Guild) -> None:
        """Note a server that the bot is in, and greet it if that was not done yet."""
        async with self._joining:
            await self._joined(guild)
        await self.greet(guild)

    async def all_joined(self, guilds: Sequence[discord.Guild]) -> None:
        """Note the servers that the bot is in; those that are known cost nothing."""
        async with self._joining:
            since = await self._workspaces.joined_since()
            for guild in guilds:
                noted, came_at = since.get(workspace_of(guild.id)), _came_at(guild)
                if noted is None or (came_at is not None and came_at > noted):
                    await self._joined(guild)

    async def greet_all(self, guilds: Sequence[discord.Guild]) -> None:
        """Greet those servers that were not greeted yet; the others cost nothing."""
        greeted = await self._workspaces.greeted()
        for guild in guilds:
            if workspace_of(guild.id) not in greeted:
                await self._greet(guild)

    async def greet(self, guild: discord.Guild) -> None:
        """Greet a server if that was not done yet, and can be done now."""
        if not await self._workspaces.is_greeted(workspace_of(guild.id)):
            await self._greet(guild)

    async def left(self, guild: discord.Guild) -> None:
        """Note that the bot was removed from a server."""
        await self._workspaces.left(workspace_of(guild.id), guild.name)

    async def missing(self, client: discord.AutoShardedClient, shard_id: int) -> None:
        """Note which servers of a shard that is ready removed the bot while that was not told."""
        await self._workspaces.missing(lambda each: has_left(client, each, {shard_id}))

    async def purge(self, client: discord.AutoShardedClient, ready: Collection[int]) -> None:
        """Delete the data of servers that removed the bot long ago; `ready` are shards."""

        async def is_gone(workspace: str) -> bool:
            return has_left(client, workspace, ready)

        await self._workspaces.purge(is_gone)

    async def _joined(self, guild: discord.Guild) -> None:
        came_at = _came_at(guild)
        if await self._workspaces.joined(workspace_of(guild.id), guild.name, came_at=came_at):
            # Asked once more, the server is known: what fails here would not be made up for.
            await insisted(partial(self._lost, guild.id), "commands that Discord forgot")

    async def _greet(self, guild: discord.Guild) -> None:
        """Greet a server; where that cannot be done now, it is tried again later."""
        channel = place_to_greet(guild)
        if channel is None:
            return
        where = channel_key(guild.id, channel.id)

        async def post() -> None:
            text = greeting(guild.me.display_name, await self._store.channels.settings(where))
            await self._platform.notice(where, text, reply_to=None)

        await self._workspaces.greet(workspace_of(guild.id), guild.name, post)


def has_left(client: discord.AutoShardedClient, workspace: str, shard_ids: Collection[int]) -> bool:
    """Tell whether it is known that the bot is not in a server: one of shards that are ready."""
    if not workspace.isdecimal() or client.is_closed():  # direct messages are no server
        return False
    server = channel_key(int(workspace), int(workspace))
    is_theirs = shard_of(server, num_shards=client.shard_count or 1) in shard_ids
    return is_theirs and client.get_guild(int(workspace)) is None


def _came_at(guild: discord.Guild) -> datetime | None:
    """Tell since when the bot is in a server; None where Discord does not say, as in an outage."""
    me: discord.Member | None = guild.me  # None once it is removed, until the server is gone, too
    return None if guild.unavailable or me is None else me.joined_at


def place_to_greet(guild: discord.Guild) -> discord.TextChannel | None:
    """Find where to greet: the server's channel for such messages, or else its first text channel."""
    candidates = [
        guild.system_channel,
        *sorted(guild.text_channels, key=lambda each: each.position),
    ]
    return next((each for each in candidates if each is not None and may_write(each)), None)


def may_write(channel: discord.TextChannel) -> bool:
    """Tell whether the bot can see a channel and write there."""
    rights = channel.permissions_for(channel.guild.me)
    return rights.view_channel and rights.send_messages
