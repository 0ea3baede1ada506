"""What was said while nobody listened: fetched place by place, before anything newer is heard.

A new session of the gateway (a start, or one that could not be resumed) leaves a gap in every place.
It begins at the last message recorded there, and is closed before the next one is recorded, or by a
sweep once the servers are known. What is missed is recorded silently; the pipeline decides once, on
the newest state. A thread's gap begins with the thread, and so with the message it was made of.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import discord
from discord.abc import Messageable
from discord.utils import snowflake_time

from bot.errors import StoreError
from bot.messages import ConversationKey, Mode
from bot.pipeline import Pipeline
from bot.platforms.discord.fetching import messages
from bot.platforms.discord.hearing import Me
from bot.platforms.discord.keys import (
    DIRECT,
    PLATFORM,
    conversation_of,
    guild_id,
    place_id,
    shard_of,
    snowflake_before,
)
from bot.platforms.discord.memory import Memory
from bot.platforms.discord.missed_changes import MissedChanges
from bot.platforms.discord.pages import heard_again
from bot.platforms.discord.refusals import FAILURES
from bot.platforms.discord.seeing import Seeing
from bot.platforms.discord.trying import let_others_go_on
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_MISSED = 1000  # messages a place; ten requests, and far more than a prompt shows
MAX_AGE = timedelta(days=7)
TIMEOUT_S = 60.0  # of all requests for a place; what is said there meanwhile waits


@dataclass(slots=True)
class CatchUp:
    """Closes gaps. `clock` gives aware UTC times, `name` is the assistant's in the chat.

    `turns` are the turns of the places, by their ids.
    """

    store: Store
    pipeline: Pipeline
    memory: Memory
    turns: InOrder
    name: str
    clock: Callable[[], datetime]
    changes: MissedChanges = field(init=False)
    seeing: Seeing = field(init=False)
    _closed: dict[int, int] = field(init=False, default_factory=dict)  # place: shard
    _failed: dict[int, ConversationKey] = field(init=False, default_factory=dict)
    _num_sessions: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Make the parts that look for edits and deletions, and for what can be seen."""
        self.seeing = Seeing(self.store, self.clock)
        self.changes = MissedChanges(self.store, self.pipeline, self.memory, self.clock)

    def session_began(self, shard_id: int) -> None:
        """Note that a shard has a new session, and so a gap in each of its places."""
        self._num_sessions += 1
        self.seeing.session_began()
        self._closed = {place: shard for place, shard in self._closed.items() if shard != shard_id}

    async def sweep(self, client: discord.AutoShardedClient, shard_id: int) -> None:
        """Close the gaps of a shard's places, one after the other: first where people wait."""
        waiting = await insisted(self.pipeline.waiting, "what a stop left undecided")
        for where in waiting:
            if shard_of(where, num_shards=client.shard_count or 1) == shard_id:
                await self._close(client, _partial(client, where), where)
                self.pipeline.conversations.wake(where, addressed=False)
        for guild in client.guilds:
            if guild.shard_id == shard_id:
                await self._sweep_server(client, guild)
        if shard_id == 0:
            known = partial(self.store.messages.conversations, PLATFORM)
            for where in await insisted(known, "the direct chats"):
                if where.workspace == DIRECT:
                    await self._close(client, _partial(client, where), where)

    async def server_is_back(self, client: discord.Client, guild: discord.Guild) -> None:
        """Close the gaps that an outage of one server left in its places."""
        self._num_sessions += 1
        lost = {place for place in self._closed if guild.get_channel_or_thread(place)}
        self._closed = {place: on for place, on in self._closed.items() if place not in lost}
        await self._sweep_server(client, guild)

    async def try_again(self, client: discord.Client) -> None:
        """Close the gaps that could not be closed before."""
        for where in list(self._failed.values()):
            await self._close(client, _partial(client, where), where)

    async def place(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        *,
        before: discord.Message | None = None,
    ) -> None:
        """Close the gap of a place, up to the message `before` if there is one.

        Whoever calls has the turn of the place. What cannot be fetched now is tried again later,
        and not for each message that is said there. Raises StoreError.
        """
        here, num_sessions = place_id(where), self._num_sessions
        if here in self._closed or (before is not None and here in self._failed):
            return
        await self.seeing.known(client.get_guild(guild_id(where) or 0))
        since = await self._since(where)
        if since is not None:
            if not await self._fetched(client, channel, where, since=since, before=before):
                # What is said from now on is newer than the gap: only this note tells of it.
                await self.store.messages.open_gap(where, since)
                self._failed[here] = where
                return
            if await self.store.messages.gap_from(where) is not None:
                await self.store.messages.close_gap(where)
        self._failed.pop(here, None)
        if num_sessions == self._num_sessions:  # a new session has a gap of its own
            self._closed[here] = shard_of(where, num_shards=client.shard_count or 1)

    async def _sweep_server(self, client: discord.Client, guild: discord.Guild) -> None:
        """Go through a server's places where something may have been said, active threads included."""
        places: tuple[discord.TextChannel | discord.VoiceChannel | discord.Thread, ...] = (
            *guild.text_channels,
            *guild.voice_channels,
            *guild.threads,
        )
        for channel in places:
            where = conversation_of(channel)
            if _may_read(client, where) is not False:
                await self._close(client, channel, where)

    async def _close(
        self, client: discord.Client, channel: Messageable, where: ConversationKey
    ) -> None:
        async with self.turns.turn(place_id(where)):
            await insisted(
                partial(self.place, client, channel, where), f"what was missed in {where}"
            )

    async def _since(self, where: ConversationKey) -> datetime | None:
        """Give the time from which messages are missing; None where nothing is to be fetched."""
        if (await self.store.channels.settings(where)).mode is Mode.OFF:
            return None
        since = await self.store.messages.gap_from(where)
        if since is None:
            since = await self.store.messages.heard_until(where)
        if since is None and where.workspace == DIRECT:
            return self.clock() - MAX_AGE  # all that is said there is said to the assistant
        if since is None:
            since = await self.store.workspaces.joined_at(PLATFORM, where.workspace)
        return None if since is None else max(since, self.clock() - MAX_AGE)

    async def _fetched(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        *,
        since: datetime,
        before: discord.Message | None,
    ) -> bool:
        """Fetch and record what was missed; False if it has to be tried again."""
        me = _me(client, self.name)
        may_read = _may_read(client, where)
        if may_read is False:  # Discord would say that there is nothing
            logger.info("Discord: what was missed in %s cannot be read: no permission", where)
            return True
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self.changes.take_over(
                    client, channel, where, me=me, is_readable=bool(may_read)
                )
                missed = await _after(client, channel, since, before=before)
        except StoreError:
            raise
        except (discord.Forbidden, discord.NotFound) as error:
            logger.info("Discord: what was missed in %s cannot be read: %s", where, error)
            return True
        except (discord.DiscordException, *FAILURES) as error:
            if isinstance(error, TimeoutError):
                let_others_go_on(client)
            why = " ".join(str(error).split()) or type(error).__name__
            logger.warning("Discord: what was missed in %s cannot be fetched yet: %s", where, why)
            return False
        except Exception:  # a defect must not keep what is said now from being heard
            if client.is_closed():
                return False  # the next client fetches it
            logger.exception("Discord: what was missed in %s is not known", where)
            return True
        if len(missed) == MAX_MISSED:
            logger.warning("Discord: of what was missed in %s, only the last %d", where, MAX_MISSED)
        # Read after the fetch: somebody may have cleared the history while that was under way.
        mark = await self.store.messages.heard_from(where)
        told = [
            await heard_again(each, where, me=me, kept=self.memory)
            for each in missed
            if mark is None or each.created_at >= mark
        ]
        num_new = await self.pipeline.catch_up(where, [each for each in told if each is not None])
        if num_new:
            logger.info("Discord: %d messages missed in %s are recorded", num_new, where)
        return True


def _partial(client: discord.Client, where: ConversationKey) -> discord.PartialMessageable:
    return client.get_partial_messageable(place_id(where), guild_id=guild_id(where))


async def _after(
    client: discord.Client,
    channel: Messageable,
    since: datetime,
    *,
    before: discord.Message | None,
) -> list[discord.Message]:
    """Fetch what was said since a time, the newest `MAX_MISSED` messages, oldest first."""
    if before is None and _has_nothing_after(channel, since):
        return []
    until = None if before is None else before.id
    after = snowflake_before(since)
    return await messages(client, channel, after=after, before=until, limit=MAX_MISSED)


def _has_nothing_after(channel: Messageable, since: datetime) -> bool:
    """Tell whether the newest message of a channel is known, which Discord names with the channel."""
    if not isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread):
        return False
    newest = channel.last_message_id
    return newest is None or snowflake_time(newest) <= since


def _may_read(client: discord.Client, where: ConversationKey) -> bool | None:
    """Tell whether the bot may read what was said in a place; None where that is not known."""
    if where.workspace == DIRECT:
        return True
    channel = client.get_channel(place_id(where))
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return None
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return None
    return channel.permissions_for(channel.guild.me).read_message_history


def _me(client: discord.Client, name: str) -> Me:
    if client.user is None:
        raise RuntimeError("nothing is fetched before the login")
    return Me(client.user.id, name)
