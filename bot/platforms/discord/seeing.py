"""Which channels the bot can see, and since when: what was said before is not its business.

Discord would give it all to whoever may read a channel now. So the channels that are hidden are
noted, also for the next start, and one that no longer is counts as heard up to that moment.
"""

import logging
from collections.abc import Callable
from datetime import datetime

import discord

from bot.platforms.discord.keys import PLATFORM, channel_key, conversation_of
from bot.platforms.in_order import InOrder
from bot.store import Store

logger = logging.getLogger(__name__)


class Seeing:
    """Keeps which channels are hidden. `clock` gives aware UTC times. Methods raise StoreError."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._turns = InOrder()  # by server: what is fetched waits for the look before it
        self._looked: set[int] = set()  # servers, since the last session began

    def session_began(self) -> None:
        """Note that anything may have changed meanwhile."""
        self._looked.clear()

    def server_is_back(self, server_id: int) -> None:
        """Note that anything may have changed in a server meanwhile."""
        self._looked.discard(server_id)

    async def look(self, guild: discord.Guild) -> None:
        """Note which channels of a server are hidden now, and since when the others can be seen."""
        async with self._turns.turn(guild.id):
            await self._look(guild)

    async def let_in(self, thread: discord.Thread) -> None:
        """Note since when a private thread can be seen: from now on, if nothing of it is known."""
        where = conversation_of(thread)
        async with self._turns.turn(thread.guild.id):
            if thread.is_private() and not await self._store.messages.recent(where, limit=1):
                await self._store.marks.hear_from(where, self._clock())

    async def known(self, guild: discord.Guild | None) -> None:
        """Wait until it is noted what of a server can be seen."""
        if guild is None:  # direct messages, or a server that Discord has not told of yet
            return
        async with self._turns.turn(guild.id):
            if guild.id not in self._looked:
                await self._look(guild)

    async def _look(self, guild: discord.Guild) -> None:
        if guild.unavailable:
            return
        name = f"hidden/{guild.id}"
        before = await self._store.notes.get(PLATFORM, name) or ""
        hidden = [each.id for each in guild.channels if not _is_seen(each)]
        now = self._clock()
        for channel_id in map(int, before.split()):
            if channel_id not in hidden and guild.get_channel(channel_id) is not None:
                await self._store.marks.hear_from(channel_key(guild.id, channel_id), now)
                logger.info("Discord: the channel %d can be seen from now on", channel_id)
        noted = " ".join(map(str, hidden))
        if noted != before:
            await self._store.notes.set(PLATFORM, name, noted)
        self._looked.add(guild.id)


def _is_seen(channel: discord.abc.GuildChannel) -> bool:
    """Tell whether the bot gets what is said in a channel; into voice channels one has to get, too."""
    rights = channel.permissions_for(channel.guild.me)
    is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return rights.view_channel and (rights.connect or not is_voice)
