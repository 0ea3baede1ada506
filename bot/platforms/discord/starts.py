"""How often a bot may begin a session: Discord counts, and resets the token of one that goes on.

Each shard that says who it is begins one; 1,000 a day are allowed to most bots, over all shards.
https://discord.com/developers/docs/events/gateway#session-start-limit
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import discord

logger = logging.getLogger(__name__)

MIN_WAIT_S = 60.0  # so that a server that says 0 for ever is not asked for ever


async def until_allowed(
    client: discord.AutoShardedClient, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Wait until each shard of a client that is logged in may begin a session.

    Raises what discord.py raises where Discord cannot be reached.
    """
    while True:
        try:
            num_shards, _, limits = await client.http.get_bot_gateway()
            num_left, wait_s = limits["remaining"], limits["reset_after"] / 1000
        except (KeyError, TypeError):
            return  # a server that is compatible with Discord, and counts nothing
        num_needed = len(client.shard_ids or ()) or num_shards
        if num_left >= num_needed:
            return
        wait_s = max(wait_s, MIN_WAIT_S)
        logger.warning(
            "Discord lets this bot begin %d more sessions today, and its shards need %d: "
            "waiting %.0f s, for beyond that it resets the token",
            num_left,
            num_needed,
            wait_s,
        )
        await sleep(wait_s)
