"""Tells Discord which commands there are, only where that has changed.

Discord allows 200 new commands a day, and clients fetch anew what is registered anew.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from typing import cast

import discord

from bot.platforms.discord.application import Json
from bot.platforms.discord.keys import PLATFORM
from bot.platforms.discord.refusals import FAILURES
from bot.platforms.discord.trying import let_others_go_on
from bot.store.notes import Notes

logger = logging.getLogger(__name__)

NOTE = "commands"
TIMEOUT_S = 120.0  # a busy server makes us wait its turn


async def synced(
    client: discord.Client, notes: Notes, payload: Sequence[Json], *, guild_id: int | None = None
) -> bool:
    """Register the commands if they changed; with `guild_id`, for that server only.

    False: Discord would not take them. What it had before stays, and the log says why. May raise
    StoreError.
    """
    application_id = client.application_id
    if application_id is None:
        raise ValueError("the client has not logged in")
    mark = _mark(payload, application_id, guild_id)
    if await notes.get(PLATFORM, NOTE) == mark:
        return True
    place = "everywhere" if guild_id is None else f"in server {guild_id}"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await _put(client, application_id, payload, guild_id)
    except FAILURES as error:
        if isinstance(error, TimeoutError):
            let_others_go_on(client)
        why = " ".join(str(error).split()) or type(error).__name__
        logger.warning("/assistant could not be registered %s, old commands stay: %s", place, why)
        return False
    await notes.set(PLATFORM, NOTE, mark)
    logger.info("registered /assistant %s", place)
    return True


async def _put(
    client: discord.Client, application_id: int, payload: Sequence[Json], guild_id: int | None
) -> None:
    body = cast("list[dict[str, object]]", list(payload))
    if guild_id is None:
        await client.http.bulk_upsert_global_commands(application_id, body)
    else:
        await client.http.bulk_upsert_guild_commands(application_id, guild_id, body)


def _mark(payload: Sequence[Json], application_id: int, guild_id: int | None) -> str:
    """Give a short text that changes whenever Discord has to be told again."""
    told = json.dumps([application_id, guild_id, list(payload)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
