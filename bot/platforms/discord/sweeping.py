"""Goes through all places after a start, a new session or an outage, and closes their gaps.

Most places were quiet. Discord names the newest message of each, and one question tells what is
known of a whole server: so only those places are looked at one by one where something may be missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import discord
from discord.utils import snowflake_time

from bot.pipeline import Pipeline
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.channels import channel_at, may_read
from bot.platforms.discord.closing import MAX_AGE
from bot.platforms.discord.keys import (
    DIRECT,
    PLATFORM,
    conversation_of,
    shard_of,
    workspace_of,
)
from bot.platforms.discord.missed_changes import CHECKED_AGE
from bot.platforms.insist import insisted
from bot.store import Store

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Lasts = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Sweeps that end with the session in which they began. `clock` gives aware UTC times."""

    store: Store
    pipeline: Pipeline
    catch_up: CatchUp
    clock: Callable[[], datetime]

    async def shard(self, client: discord.AutoShardedClient, shard_id: int) -> None:
        """Close the gaps of a shard's places, one after the other: first where people wait."""
        lasts = self._lasting(client, shard_id)
        for where in await insisted(self.pipeline.waiting, "what a stop left undecided"):
            is_ours = shard_of(where, num_shards=client.shard_count or 1) == shard_id
            if is_ours and lasts():
                await self.catch_up.close(client, where, lasts=lasts)
                self.pipeline.conversations.wake(where, addressed=False)
        for server_id in [each.id for each in client.guilds if each.shard_id == shard_id]:
            await self._server(client, server_id, lasts)
        if shard_id == 0:
            await self._direct_chats(client, lasts)
        if lasts():
            note = partial(self.catch_up.last_listened.note_shard, shard_id)
            await insisted(note, f"until when the shard {shard_id} listens")

    async def server(self, client: discord.Client, guild: discord.Guild) -> None:
        """Close the gaps that an outage of one server left in its places."""
        await self._server(client, guild.id, self._lasting(client, guild.shard_id))

    def _lasting(self, client: discord.Client, shard_id: int) -> Lasts:
        sessions = self.catch_up.sessions
        number = sessions.of_shard(shard_id)
        return lambda: sessions.of_shard(shard_id) == number and not client.is_closed()

    async def _server(self, client: discord.Client, server_id: int, lasts: Lasts) -> None:
        """Go through a server's places where something may have been said, active threads included."""
        candidates = [conversation_of(each) for each in self._not_long_silent(client, server_id)]
        if not candidates or not lasts():
            return
        ask = partial(self.store.workspaces.heard_in, PLATFORM, workspace_of(server_id))
        heard = await insisted(ask, f"what is known of the server {server_id}")
        shard_id = shard_of(candidates[0], num_shards=client.shard_count or 1)
        ask_until = partial(self.catch_up.last_listened.before, shard_id)
        until = await insisted(ask_until, f"until when the shard {shard_id} listened")
        for where in candidates:
            if not lasts():
                return
            # Looked up anew: others were waited for, and it may have a newer message by now.
            place = channel_at(client, where)
            if isinstance(place, Place) and _is_quiet(place, heard.get(where), until):
                self.catch_up.has_no_gap(client, where)
            else:
                await self.catch_up.close(client, where, lasts=lasts)

    def _not_long_silent(self, client: discord.Client, server_id: int) -> list[Place]:
        """List the readable places of a server but those where nothing was said for long."""
        guild = client.get_guild(server_id)
        if guild is None or guild.unavailable:  # once it is back, it is swept for itself
            return []
        found: list[Place] = []
        oldest = self.clock() - MAX_AGE
        places: list[Place] = [*guild.text_channels, *guild.threads]
        places += [*guild.voice_channels, *guild.stage_channels]  # people write there, too
        for place in places:
            where, newest = conversation_of(place), place.last_message_id
            if may_read(client, where) is False:
                continue
            if newest is not None and snowflake_time(newest) < oldest:
                self.catch_up.has_no_gap(client, where)
            else:
                found.append(place)
        return found

    async def _direct_chats(self, client: discord.Client, lasts: Lasts) -> None:
        """Look into those where something was said lately: Discord names no newest message there."""
        known = partial(self.store.messages.conversations, PLATFORM)
        chats = [
            where
            for where in await insisted(known, "the direct chats")
            if where.workspace == DIRECT
        ]
        ask = partial(self.store.workspaces.heard_in, PLATFORM, DIRECT)
        heard = await insisted(ask, "what is known of the direct chats") if chats else {}
        now = self.clock()
        for where in chats:
            if lasts() and heard.get(where, now) >= now - MAX_AGE:
                await self.catch_up.close(client, where, lasts=lasts)


def _is_quiet(place: Place, heard: datetime | None, until: datetime) -> bool:
    """Tell whether nothing is to be fetched: the newest message is known, and too old to check.

    `until` is when the gap began, in which nothing was heard.
    """
    newest = None if place.last_message_id is None else snowflake_time(place.last_message_id)
    if newest is not None and (heard is None or newest > heard):
        return False
    return heard is None or heard < until - CHECKED_AGE
