"""Servers that the bot joins and leaves: greeted once, remembered, forgotten after a time of grace."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import discord

from bot.errors import PlatformError, StoreError
from bot.messages import ChannelSettings, Mode, workspace_key
from bot.platforms.discord.keys import DIRECT, PLATFORM, channel_key, workspace_of
from bot.platforms.insist import insisted
from bot.ports import Platform
from bot.store import Store

logger = logging.getLogger(__name__)

STARTS = {
    Mode.ACTIVE: "I read along and speak when it helps.",
    Mode.MENTION: "I read along, and speak only when you mention me or reply to me.",
    Mode.LISTEN: "I read along and never speak, until somebody turns me on.",
    Mode.OFF: "I read nothing, until somebody turns me on.",
}

MODE_NOTE = "new_channel_mode"  # the setting at the last start


class Guilds:
    """Keeps the list of servers. `clock` gives aware UTC times. Every method raises StoreError."""

    def __init__(self, store: Store, platform: Platform, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._platform = platform
        self._clock = clock
        self._greeting: set[int] = set()  # servers that are greeted or have been, in this run

    async def begin(self, new_channel_mode: Mode) -> None:
        """Take over in which mode channels start, before anything is heard.

        What was said in servers while that was `off` is never fetched. Direct messages are all
        meant for the assistant: they start in `mention`, whatever holds for channels.
        """
        before = await self._store.notes.get(PLATFORM, MODE_NOTE)
        if before == Mode.OFF and new_channel_mode is not Mode.OFF:
            for workspace in await self._store.workspaces.present(PLATFORM):
                server = workspace_key(PLATFORM, workspace)
                if "mode" not in await self._store.channels.chosen(server):
                    await self._store.messages.hear_from(server, at=self._clock())
        if before != new_channel_mode:
            await self._store.notes.set(PLATFORM, MODE_NOTE, new_channel_mode)
        direct = workspace_key(PLATFORM, DIRECT)
        if "mode" not in await self._store.channels.chosen(direct):
            await self._store.channels.change(direct, mode=Mode.MENTION)

    async def joined(self, guild: discord.Guild) -> None:
        """Note a server that the bot is in, and greet it if that was not done yet."""
        await self._note(guild)
        await self.greet(guild)

    async def all_joined(self, guilds: Sequence[discord.Guild]) -> None:
        """Note the servers that the bot is in; those that are known cost nothing."""
        known = set(await self._store.workspaces.present(PLATFORM))
        for guild in guilds:
            if workspace_of(guild.id) not in known:
                await self._note(guild)

    async def greet_all(self, guilds: Sequence[discord.Guild]) -> None:
        """Greet those servers that were not greeted yet; the others cost nothing."""
        greeted = await self._store.workspaces.greeted(PLATFORM)
        for guild in guilds:
            if workspace_of(guild.id) not in greeted:
                await self._greet(guild)

    async def greet(self, guild: discord.Guild) -> None:
        """Greet a server if that was not done yet, and can be done now."""
        if not await self._store.workspaces.is_greeted(PLATFORM, workspace_of(guild.id)):
            await self._greet(guild)

    async def left(self, guild: discord.Guild) -> None:
        """Note that the bot was removed from a server."""
        self._greeting.discard(guild.id)
        await self._store.workspaces.left(PLATFORM, workspace_of(guild.id), at=self._clock())
        logger.info(
            "Discord: removed from the server %s; its data is deleted later, unless the bot comes back",
            guild.name,
        )

    async def missing(self, present: set[int], *, own: Callable[[int], bool]) -> None:
        """Note the servers that the bot was removed from while it was not running.

        `own` tells which servers this process would hear of.
        """
        for workspace in await self._store.workspaces.present(PLATFORM):
            if workspace.isdecimal() and own(int(workspace)) and int(workspace) not in present:
                await self._store.workspaces.left(PLATFORM, workspace, at=self._clock())
                logger.info("Discord: no longer in the server %s", workspace)

    async def _note(self, guild: discord.Guild) -> None:
        workspace = workspace_of(guild.id)
        if await self._store.workspaces.joined(PLATFORM, workspace, at=self._clock()):
            logger.info("Discord: in the server %s", guild.name)

    async def _greet(self, guild: discord.Guild) -> None:
        """Greet a server; where that cannot be done now, it is tried again later."""
        channel = place_to_greet(guild)
        if channel is None or guild.id in self._greeting:  # Discord may tell of a server twice
            return
        self._greeting.add(guild.id)
        where = channel_key(guild.id, channel.id)
        try:
            text = greeting(guild.me.display_name, await self._store.channels.settings(where))
            await self._platform.notice(where, text, reply_to=None)
        except (PlatformError, StoreError) as error:
            self._greeting.discard(guild.id)
            logger.warning("Discord: the server %s could not be greeted: %s", guild.name, error)
            return
        # Noted only now: nobody stays without a word of what is stored about them.
        greet = self._store.workspaces.greet
        note = partial(greet, PLATFORM, workspace_of(guild.id), at=self._clock())
        await insisted(note, f"the greeting of {guild.name}")


def greeting(name: str, settings: ChannelSettings) -> str:
    """Say who it is, what it stores, and how to have it otherwise."""
    return (
        f"Hello, I'm {name}. {STARTS[settings.mode]} To take part, I store what is written in the "
        "channels that I can see, with names, and whether I spoke. Nobody's words train a model. "
        "If you don't want that: `/assistant privacy optout` for what you write, `/assistant mode off` "
        "for a channel. `/assistant privacy show` tells what is kept, `/assistant help` the rest."
    )


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
