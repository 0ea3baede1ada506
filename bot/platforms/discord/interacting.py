"""Calls about an interaction: each outlives the client that heard of it, and is tried again.

discord.py itself tries errors of Discord's servers five times. It does not try again where the
connection breaks, or after a 429 of the guard before Discord:
https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/webhook/async_.py#L202.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.patience import Patience
from bot.platforms.discord.refusals import (
    ALREADY_ACKNOWLEDGED,
    FAILURES,
    cause,
    may_have_arrived,
    may_pass,
    retry_after_s,
)

logger = logging.getLogger(__name__)

AnyInteraction = discord.Interaction[discord.Client]

FIRST_RETRY_S = 0.2  # where Discord does not say; doubled each time


async def tried(
    interaction: AnyInteraction, call: Callable[[], Awaitable[object]], *, patience_s: float
) -> None:
    """Call until it is done, or refused, or more than `patience_s` would be waited in all.

    Raises what discord.py raises. An acknowledgement that Discord has already, though its answer was
    lost, is done.
    """
    patience = Patience(left_s=patience_s, unsaid_s=FIRST_RETRY_S)
    may_be_ours = False  # whether an acknowledgement of Discord's may be of an earlier try
    while True:
        try:
            async with open_session(interaction):
                await call()
        except FAILURES as error:
            if may_be_ours and _is_acknowledged(error):
                return
            wait_s = patience.next_wait_s(retry_after_s(error)) if may_pass(error) else None
            if wait_s is None:
                raise
            may_be_ours = may_be_ours or may_have_arrived(error)
            logger.debug("once more, after: %s", cause(error))
        else:
            return
        await asyncio.sleep(wait_s)


def _is_acknowledged(error: BaseException) -> bool:
    return isinstance(error, discord.HTTPException) and error.code == ALREADY_ACKNOWLEDGED


@asynccontextmanager
async def open_session(interaction: AnyInteraction) -> AsyncIterator[aiohttp.ClientSession]:
    """Give what calls Discord: an interaction outlives the client that heard of it."""
    if not interaction.client.is_closed():
        yield interaction._session
        return
    async with aiohttp.ClientSession() as session:
        # Where discord.py's own methods take it from.
        interaction._session = interaction.followup.session = session
        yield session
