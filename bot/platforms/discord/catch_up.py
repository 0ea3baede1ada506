"""What was said while nobody listened: fetched place by place, before anything newer is heard.

A new session of the gateway (a start, or one that could not be resumed) leaves a gap in every place.
It begins at the last message recorded there, and is closed before the next one is recorded, or by a
sweep once the servers are known. What cannot be fetched then is fetched later, into rows that are
kept for it. A thread's gap begins with the thread, and so with the message it was made of.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import discord
from discord.abc import Messageable

from bot.errors import StoreError
from bot.messages import ConversationKey
from bot.pipeline import Pipeline
from bot.platforms.discord.channels import channel_at
from bot.platforms.discord.closing import END_OF_TIME, Closing
from bot.platforms.discord.keys import guild_id, place_id, shard_of
from bot.platforms.discord.last_listened import LastListened
from bot.platforms.discord.seeing import Seeing
from bot.platforms.discord.sessions import Session, Sessions
from bot.platforms.gaps import Gap
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.memory import Memory
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_DEFECTS = 5  # tries that end in a defect of ours, half a minute apart


@dataclass(frozen=True, slots=True)
class _Closed:
    """A place with no gap."""

    shard_id: int
    server_id: int | None


@dataclass(slots=True)
class _Failed:
    """A place with open gaps. `session` is that in which they were tried last.

    None: since then something was let go, so that there may be another gap.
    """

    where: ConversationKey
    gaps: list[Gap]
    session: Session | None

    def end_at(self, message_id: int) -> None:
        """Note what is heard first after the newest gap."""
        newest = self.gaps[-1]
        if newest.until == END_OF_TIME:
            self.gaps[-1] = replace(newest, until=str(message_id))


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
    closing: Closing = field(init=False)
    seeing: Seeing = field(init=False)
    last_listened: LastListened = field(init=False)
    sessions: Sessions = field(init=False, default_factory=Sessions)
    _closed: dict[int, _Closed] = field(init=False, default_factory=dict)  # by the place's id
    _failed: dict[int, _Failed] = field(init=False, default_factory=dict)
    _defects: Counter[int] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the parts that close gaps, and look for what can be seen."""
        self.seeing = Seeing(self.store, self.clock)
        self.last_listened = LastListened(self.store, self.clock)
        self.closing = Closing(
            self.store, self.pipeline, self.memory, self.last_listened, self.name, self.clock
        )

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
        self._forget(place_id(where))
        shard_id = shard_of(where, num_shards=client.shard_count or 1)
        self._closed[place_id(where)] = _Closed(shard_id, guild_id(where))

    def reopen(self, place: int) -> None:
        """Note that something is missing in a place."""
        self._closed.pop(place, None)
        if place in self._failed:
            self._failed[place].session = None

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
        told_in = session or now
        failed = self._failed.get(here)
        if here in self._closed:
            return
        if before is not None and failed is not None and failed.session == now:
            if told_in == now:
                failed.end_at(before.id)
            return
        await self.seeing.known(client.get_guild(guild_id(where) or 0))
        gaps = await self._gaps(where, before, failed if failed and failed.session == now else None)
        if gaps:
            await self._try(client, channel, where, gaps)
        if gaps:
            await self.closing.keep_room(where, gaps)
            self._failed[here] = _Failed(where, gaps, told_in)
            return
        self._forget(here)
        if told_in == self.sessions.of_server(client, guild_id(where)):
            self.has_no_gap(client, where)

    async def _gaps(
        self, where: ConversationKey, before: discord.Message | None, failed: _Failed | None
    ) -> list[Gap]:
        """List what is missing; what `failed` in this session is all of it."""
        if failed is not None:
            return await self.closing.settled(where, failed.gaps)
        return await self.closing.gaps_at(where, before=before.id if before else None)

    async def _try(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        gaps: list[Gap],
    ) -> None:
        """Fetch and record what was missed; what has to be tried again is left in `gaps`."""
        try:
            await self.closing.close(client, channel, where, gaps)
        except StoreError:
            raise
        except Exception:  # a defect must not keep what is said now from being heard
            if client.is_closed():  # the next client fetches it
                return
            logger.exception("Discord: what was missed in %s is not known", where)
            self._defects[place_id(where)] += 1
        if self._defects[place_id(where)] >= MAX_DEFECTS:
            tries = f"{MAX_DEFECTS} tries"
            logger.error("Discord: what was missed in %s stays unknown, after %s", where, tries)
            await self.closing.give_up(where, gaps)

    def _forget(self, place: int) -> None:
        self._failed.pop(place, None)
        self._defects.pop(place, None)
