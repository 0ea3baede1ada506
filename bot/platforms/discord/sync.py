"""Tells Discord which commands there are, only where that has changed.

Discord allows 200 new commands a day, and clients fetch anew what is registered anew. Commands of all
servers and those of one are kept apart there: people would see both, so what was registered in the
other of the two before is taken back.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence, Set
from functools import partial
from typing import cast

import discord

from bot.platforms.discord.application import Json
from bot.platforms.discord.keys import PLATFORM
from bot.platforms.discord.refusals import FAILURES, cause
from bot.platforms.discord.trying import let_others_go_on
from bot.platforms.insist import insisted
from bot.store.notes import Notes

logger = logging.getLogger(__name__)

NOTE = "commands"
EVERYWHERE = "everywhere"
TIMEOUT_S = 120.0  # a busy server makes us wait its turn
MAX_ROUNDS = 120  # from one try to the next, an hour: what a person has to mend may take that long
OF_ALL_SERVERS = frozenset({"contexts", "integration_types"})  # commands of one server lack these
ENTRY_POINT_MISSING = 50240  # an app with an Activity has a command of its own, not to be left out
ENTRY_POINT = 4
OF_ENTRY_POINTS = frozenset(
    {"id", "type", "name", "name_localizations", "description", "handler"}
) | (OF_ALL_SERVERS)


class Registration:
    """The commands as Discord has them: told where they changed, again where it lost them.

    With `guild_id` they are those of one server. Every method may raise StoreError.
    """

    def __init__(self, notes: Notes, payload: Sequence[Json], *, guild_id: int | None) -> None:
        self._notes = notes
        self._payload = payload
        self._guild_id = guild_id
        self._is_told = True  # until the first try
        self._num_rounds = 0
        self._wait_rounds = 1

    async def tell(self, client: discord.Client) -> None:
        """Tell Discord the commands, if they are not what it has."""
        self._is_told, is_told = True, False  # unless `lost` says otherwise meanwhile
        try:
            is_told = await synced(client, self._notes, self._payload, guild_id=self._guild_id)
            if is_told and not self._is_told:  # noted after `lost` had dropped it
                drop = partial(self._notes.drop, PLATFORM, NOTE)
                await insisted(drop, "commands that Discord forgot")
        finally:
            self._is_told = self._is_told and is_told
        if self._is_told:
            self._num_rounds, self._wait_rounds = 0, 1

    async def try_again(self, client: discord.Client) -> None:
        """Tell them if that failed before: more and more rarely."""
        self._num_rounds += 1
        if self._is_told or self._num_rounds < self._wait_rounds:
            return
        self._num_rounds, self._wait_rounds = 0, min(2 * self._wait_rounds, MAX_ROUNDS)
        await self.tell(client)

    async def lost(self, guild_id: int) -> None:
        """Note that a server removed the bot for a while, and its own commands with it."""
        noted = await self._notes.get(PLATFORM, NOTE)
        if noted and f"/{guild_id}/" in noted:  # else it tells what to take back, and from where
            await self._notes.drop(PLATFORM, NOTE)
        if guild_id == self._guild_id:
            self._is_told, self._num_rounds, self._wait_rounds = False, 0, 1


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
    try:
        async with asyncio.timeout(TIMEOUT_S):
            if guild_id is None:
                await _put_everywhere(client, application_id, payload)
            else:
                body = [_only(command.keys() - OF_ALL_SERVERS, command) for command in payload]
                await client.http.bulk_upsert_guild_commands(application_id, guild_id, body)
    except TimeoutError:
        let_others_go_on(client)
        raise


async def _put_everywhere(
    client: discord.Client, application_id: int, payload: Sequence[Json]
) -> None:
    body = [dict(command) for command in payload]
    try:
        await client.http.bulk_upsert_global_commands(application_id, body)
    except discord.HTTPException as error:
        if error.code != ENTRY_POINT_MISSING:
            raise
        there = await client.http.get_global_commands(application_id)
        kept = [each for each in there if each["type"] == ENTRY_POINT]
        body += [_only(OF_ENTRY_POINTS, cast("Json", each)) for each in kept]
        await client.http.bulk_upsert_global_commands(application_id, body)


def _only(names: Set[str], command: Json) -> Json:
    """Give those of these parts that a command has."""
    return {name: value for name, value in command.items() if name in names and value}


def _named(guild_id: int | None) -> str:
    return EVERYWHERE if guild_id is None else f"in server {guild_id}"


def _mark(payload: Sequence[Json], application_id: int, guild_id: int | None) -> str:
    """Say what was registered where: a short text that changes whenever Discord has to be told."""
    told = json.dumps(list(payload), sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()
    return f"{application_id}/{guild_id or EVERYWHERE}/{digest}"
