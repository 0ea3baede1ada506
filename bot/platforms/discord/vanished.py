"""Channels and threads that were deleted while nobody heard of it: they are forgotten all the same.

Discord names the channels and the active threads of a server with each session. What is kept of
others may be archived, hidden or gone: it is asked for one by one, a few in each round.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import discord

from bot.messages import ConversationKey
from bot.platforms.discord.keys import PLATFORM, guild_id, place_id, workspace_of
from bot.platforms.discord.refusals import FAILURES, UNKNOWN_CHANNEL, cause, may_pass
from bot.platforms.discord.trying import let_others_go_on
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_AT_ONCE = 10  # in a round of half a minute: nobody waits for it
TIMEOUT_S = 60.0  # discord.py's own five tries take about 25 s, its limits as long again


@dataclass(slots=True)
class Vanished:
    """Finds places that are gone. `forget` is awaited with each."""

    store: Store
    forget: Callable[[ConversationKey], Awaitable[None]]
    _doubtful: dict[ConversationKey, None] = field(init=False, default_factory=dict)

    async def look(self, guild: discord.Guild) -> None:
        """Note what is kept of a server and not named by it. Raises StoreError."""
        if guild.unavailable:
            return
        for where in await self.store.workspaces.kept_in(PLATFORM, workspace_of(guild.id)):
            if guild.get_channel_or_thread(place_id(where)) is None:
                self._doubtful[where] = None

    async def ask(self, client: discord.Client) -> None:
        """Ask for some of those that were noted, and forget the ones that are gone."""
        for where in list(self._doubtful)[:MAX_AT_ONCE]:
            try:
                is_gone = await _is_gone(client, where)
            except FAILURES as error:
                logger.info("Discord: whether %s is gone is unknown yet: %s", where, cause(error))
                self._doubtful[where] = self._doubtful.pop(where)  # behind the others
                return
            if is_gone:
                await self.forget(where)
                logger.info("Discord: %s was deleted unheard, and is forgotten", where)
            self._doubtful.pop(where, None)


async def _is_gone(client: discord.Client, where: ConversationKey) -> bool:
    """Tell whether Discord knows a place no more; what else it refuses to tell is no such answer."""
    if client.get_guild(guild_id(where) or 0) is None:  # the bot is gone from there
        return False
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await client.http.get_channel(place_id(where))
    except TimeoutError:
        let_others_go_on(client)
        raise
    except discord.HTTPException as error:
        if may_pass(error):
            raise
        return error.code == UNKNOWN_CHANNEL
    return False
