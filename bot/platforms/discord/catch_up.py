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

import discord
from discord.abc import Messageable
from discord.utils import snowflake_time

from bot.errors import StoreError
from bot.messages import ConversationKey, Mode
from bot.pipeline import Pipeline
from bot.platforms.discord.channels import channel_at, may_read
from bot.platforms.discord.fetching import messages
from bot.platforms.discord.hearing import Me
from bot.platforms.discord.keys import (
    DIRECT,
    PLATFORM,
    guild_id,
    place_id,
    shard_of,
    snowflake_before,
)
from bot.platforms.discord.last_listened import LastListened
from bot.platforms.discord.missed_changes import MissedChanges
from bot.platforms.discord.pages import heard_again
from bot.platforms.discord.refusals import FAILURES, cause
from bot.platforms.discord.seeing import Seeing
from bot.platforms.discord.sessions import Session, Sessions
from bot.platforms.discord.trying import let_others_go_on
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.memory import Memory
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_MISSED = 1000  # messages a place; ten requests, and far more than a prompt shows
MAX_AGE = timedelta(days=7)
MAX_DEFECTS = 5  # tries that end in a defect of ours, half a minute apart
TIMEOUT_S = 60.0  # of all requests for a place; what is said there meanwhile waits


@dataclass(frozen=True, slots=True)
class _Closed:
    """A place with no gap."""

    shard_id: int
    server_id: int | None


@dataclass(slots=True)
class _Failed:
    """A place whose gap is still open. `session` is that in which it was tried last."""

    where: ConversationKey
    session: Session | None = None
    num_defects: int = 0


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
    last_listened: LastListened = field(init=False)
    sessions: Sessions = field(init=False, default_factory=Sessions)
    _closed: dict[int, _Closed] = field(init=False, default_factory=dict)  # by the place's id
    _failed: dict[int, _Failed] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts that look for edits and deletions, and for what can be seen."""
        self.seeing = Seeing(self.store, self.clock)
        self.changes = MissedChanges(self.store, self.pipeline, self.memory)
        self.last_listened = LastListened(self.store, self.clock)

    def session_began(self, shard_id: int) -> None:
        """Note that a shard has a new session, and so a gap in each of its places."""
        self.sessions.began(shard_id)
        self.last_listened.session_began(shard_id)
        self.seeing.session_began()
        closed = self._closed.items()
        self._closed = {place: each for place, each in closed if each.shard_id != shard_id}

    def server_is_back(self, server_id: int) -> None:
        """Note that a server had an outage, and so has a gap in each of its places."""
        self.sessions.server_is_back(server_id)
        self.seeing.server_is_back(server_id)
        closed = self._closed.items()
        self._closed = {place: each for place, each in closed if each.server_id != server_id}

    def is_closed(self, place: int) -> bool:
        """Tell whether a place has no gap, as far as is known."""
        return place in self._closed

    def has_no_gap(self, client: discord.Client, where: ConversationKey) -> None:
        """Note that nothing is missing in a place."""
        self._failed.pop(place_id(where), None)
        shard_id = shard_of(where, num_shards=client.shard_count or 1)
        self._closed[place_id(where)] = _Closed(shard_id, guild_id(where))

    def reopen(self, place: int) -> None:
        """Note that something is missing in a place."""
        self._closed.pop(place, None)

    async def try_again(self, client: discord.Client) -> None:
        """Close the gaps that could not be closed before, and note how far everything is heard."""
        await self.last_listened.note(client)
        for failed in list(self._failed.values()):
            await self.close(client, failed.where, lasts=lambda: not client.is_closed())

    async def close(
        self, client: discord.Client, where: ConversationKey, *, lasts: Callable[[], bool]
    ) -> None:
        """Close the gap of a place at its turn, if what is known of it `lasts` until then."""

        async def closed() -> None:
            if lasts():
                await self.place(client, channel_at(client, where), where)

        async with self.turns.turn(place_id(where)):
            await insisted(closed, f"what was missed in {where}")

    async def place(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        *,
        before: discord.Message | None = None,
        session: Session | None = None,
    ) -> None:
        """Close the gap of a place, up to the message `before` if there is one.

        Whoever calls has the turn of the place, and names the `session` in which that message was
        told: it closes no gap of a later one. What cannot be fetched now is tried again later, and
        not for each message that is said there. Raises StoreError.
        """
        here, now = place_id(where), self.sessions.of_server(client, guild_id(where))
        failed = self._failed.get(here)
        has_failed = failed is not None and failed.session == now
        if here in self._closed or (before is not None and has_failed):
            return
        await self.seeing.known(client.get_guild(guild_id(where) or 0))
        since = await self._since(where)
        if since is not None:
            if not await self._tried(client, channel, where, since=since, before=before):
                # What is said from now on is newer than the gap: only this note tells of it.
                await self.store.marks.open_gap(where, since)
                self._failed[here].session = now
                return
            if await self.store.marks.gap_from(where) is not None:
                await self.store.marks.close_gap(where)
        self._failed.pop(here, None)
        if (session or now) == self.sessions.of_server(client, guild_id(where)):
            self.has_no_gap(client, where)

    async def _since(self, where: ConversationKey) -> datetime | None:
        """Give the time from which messages are missing; None where nothing is to be fetched."""
        if (await self.store.channels.settings(where)).mode is Mode.OFF:
            return None
        since = await self.store.marks.gap_from(where)
        if since is None:
            since = await self.store.marks.heard_until(where)
        if since is None and where.workspace == DIRECT:
            return self.clock() - MAX_AGE  # all that is said there is said to the assistant
        if since is None:
            since = await self.store.workspaces.joined_at(PLATFORM, where.workspace)
        return None if since is None else max(since, self.clock() - MAX_AGE)

    async def _tried(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        *,
        since: datetime,
        before: discord.Message | None,
    ) -> bool:
        """Fetch and record what was missed; False if it has to be tried again."""
        failed = self._failed.get(place_id(where), _Failed(where))
        try:
            is_done = await self._fetched(client, channel, where, since=since, before=before)
        except StoreError:
            raise
        except Exception:  # a defect must not keep what is said now from being heard
            is_done = False
            if not client.is_closed():  # else the next client fetches it
                logger.exception("Discord: what was missed in %s is not known", where)
                failed.num_defects += 1
        if failed.num_defects >= MAX_DEFECTS:
            tries = f"{MAX_DEFECTS} tries"
            logger.error("Discord: what was missed in %s stays unknown, after %s", where, tries)
            return True
        if not is_done:
            self._failed[place_id(where)] = failed
        return is_done

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
        shard_id = shard_of(where, num_shards=client.shard_count or 1)
        listened_until = await self.last_listened.before(shard_id)
        is_readable = may_read(client, where)
        if is_readable is False:  # Discord would say that there is nothing
            logger.info("Discord: what was missed in %s cannot be read: no permission", where)
            return True
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self.changes.take_over(
                    client,
                    channel,
                    where,
                    me=me,
                    is_readable=bool(is_readable),
                    listened_until=listened_until,
                )
                missed = await _after(client, channel, since, before=before)
        except (discord.Forbidden, discord.NotFound) as error:
            logger.info("Discord: what was missed in %s cannot be read: %s", where, error)
            return True
        except (discord.DiscordException, *FAILURES) as error:
            if isinstance(error, TimeoutError):
                let_others_go_on(client)
            logger.warning(
                "Discord: what was missed in %s cannot be fetched yet: %s", where, cause(error)
            )
            return False
        if not missed:
            return True
        if len(missed) == MAX_MISSED:
            logger.warning("Discord: of what was missed in %s, only the last %d", where, MAX_MISSED)
        # Read after the fetch: somebody may have cleared the history while that was under way.
        mark = await self.store.marks.heard_from(where)
        told = [
            await heard_again(each, where, me=me, kept=self.memory)
            for each in missed
            if mark is None or each.created_at >= mark
        ]
        num_new = await self.pipeline.catch_up(where, [each for each in told if each is not None])
        if num_new:
            logger.info("Discord: %d messages missed in %s are recorded", num_new, where)
        return True


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
    spoken = discord.VoiceChannel | discord.StageChannel
    if not isinstance(channel, discord.TextChannel | spoken | discord.Thread):
        return False
    newest = channel.last_message_id
    return newest is None or snowflake_time(newest) <= since


def _me(client: discord.Client, name: str) -> Me:
    if client.user is None:
        raise RuntimeError("nothing is fetched before the login")
    return Me(client.user.id, name)
