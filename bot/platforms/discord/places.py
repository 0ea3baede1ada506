"""Which conversation an id of Discord's stands for.

Events often name a place by its id alone, and a thread by an id that looks like a channel's.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import discord

from bot.messages import ConversationKey
from bot.platforms.discord.keys import PLATFORM, channel_key, conversation_of, workspace_of
from bot.platforms.discord.refusals import FAILURES, cause, may_pass, retry_after_s
from bot.platforms.discord.trying import let_others_go_on
from bot.store import Store

logger = logging.getLogger(__name__)

TIMEOUT_S = 60.0
FIRST_WAIT_S = 1.0
MAX_WAIT_S = 30.0
MAX_REMEMBERED = 10_000  # places that had to be looked up, about 3 MB


class Places:
    """Finds conversations by the ids of their places."""

    def __init__(
        self, store: Store, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._store = store
        self._sleep = sleep
        self._found: OrderedDict[int, ConversationKey] = OrderedDict()

    async def named(
        self, client: discord.Client, place_id: int, guild_id: int | None
    ) -> ConversationKey:
        """Give the conversation of a channel, thread or direct chat by its id.

        While Discord cannot tell, it is asked again: a thread taken for a channel would be heard
        although its channel is off. Raises StoreError, and whatever a closed client raises.
        """
        if guild_id is None:
            return channel_key(None, place_id)
        guild = client.get_guild(guild_id)  # `get_channel` would look through all servers
        channel = None if guild is None else guild.get_channel_or_thread(place_id)
        if channel is not None and not isinstance(channel, discord.CategoryChannel):
            return conversation_of(channel)
        found = self._found.get(place_id)
        if found is None:
            found = await self._looked_up(client, place_id, guild_id)
        if found is None:
            return channel_key(guild_id, place_id)
        self._found[place_id] = found
        if len(self._found) > MAX_REMEMBERED:
            self._found.popitem(last=False)
        return found

    async def _looked_up(
        self, client: discord.Client, place_id: int, guild_id: int
    ) -> ConversationKey | None:
        """Find a place in the history, or ask Discord; None if nobody may tell."""
        known = await self._store.messages.conversation_with_thread(
            PLATFORM, workspace_of(guild_id), str(place_id)
        )
        if known is not None:
            return known
        wait_s = FIRST_WAIT_S
        while True:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    return conversation_of(await client.fetch_channel(place_id))
            except (discord.DiscordException, *FAILURES) as error:
                if isinstance(error, TimeoutError):
                    let_others_go_on(client)
                logger.info("Discord tells nothing of the place %d: %s", place_id, cause(error))
                if not isinstance(error, FAILURES) or not may_pass(error):
                    return None
                said_s = retry_after_s(error)
            await self._sleep(wait_s if said_s is None else said_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)
