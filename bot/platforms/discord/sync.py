"""Tells Discord which commands there are, only where that has changed.

Discord allows 200 new commands a day, and clients fetch anew what is registered anew. Commands of all
servers and those of one are kept apart there: people would see both, so what was registered in the
other of the two before is taken back.
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
from bot.platforms.discord.refusals import FAILURES, cause
from bot.platforms.discord.trying import let_others_go_on
from bot.store.notes import Notes

logger = logging.getLogger(__name__)

NOTE = "commands"
EVERYWHERE = "everywhere"
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
    noted = await notes.get(PLATFORM, NOTE)
    mark = _mark(payload, application_id, guild_id)
    if noted == mark:
        return True
    place = _named(guild_id)
    try:
        await _put(client, application_id, payload, guild_id)
    except FAILURES as error:
        why = cause(error)
        logger.warning("/assistant could not be registered %s, old commands stay: %s", place, why)
        return False
    logger.info("registered /assistant %s", place)
    if noted and not await _taken_back(client, application_id, noted, but=guild_id):
        return False
    await notes.set(PLATFORM, NOTE, mark)
    return True


async def _taken_back(
    client: discord.Client, application_id: int, noted: str, *, but: int | None
) -> bool:
    """Take the commands back from where they were registered before; False if they are still there."""
    noted_id, _, rest = noted.partition("/")
    scope, _, digest = rest.partition("/")
    guild_id = None if scope == EVERYWHERE else int(scope or 0)
    if not digest or noted_id != str(application_id) or guild_id == but:
        return True
    place = _named(guild_id)
    try:
        await _put(client, application_id, [], guild_id)
    except (discord.Forbidden, discord.NotFound):  # the bot, or the server, is gone from there
        return True
    except FAILURES as error:
        logger.warning("/assistant is still offered %s as well: %s", place, cause(error))
        return False
    logger.info("took /assistant back %s", place)
    return True


async def _put(
    client: discord.Client, application_id: int, payload: Sequence[Json], guild_id: int | None
) -> None:
    body = cast("list[dict[str, object]]", list(payload))
    http = client.http
    try:
        async with asyncio.timeout(TIMEOUT_S):
            if guild_id is None:
                await http.bulk_upsert_global_commands(application_id, body)
            else:
                await http.bulk_upsert_guild_commands(application_id, guild_id, body)
    except TimeoutError:
        let_others_go_on(client)
        raise


def _named(guild_id: int | None) -> str:
    return EVERYWHERE if guild_id is None else f"in server {guild_id}"


def _mark(payload: Sequence[Json], application_id: int, guild_id: int | None) -> str:
    """Say what was registered where: a short text that changes whenever Discord has to be told."""
    told = json.dumps(list(payload), sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()
    return f"{application_id}/{guild_id or EVERYWHERE}/{digest}"
