"""Closes the gaps of one place: finds what is missing there, fetches it, records it where it belongs.

What could not be fetched before something newer was recorded takes the rows that were kept for it.
All of it is recorded silently; the pipeline decides once, on the newest state.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import discord
from discord.abc import Messageable
from discord.utils import snowflake_time

from bot.messages import ConversationKey, Message, Mode
from bot.pipeline import Pipeline
from bot.platforms.discord.channels import may_read
from bot.platforms.discord.fetching import messages
from bot.platforms.discord.hearing import Me
from bot.platforms.discord.keys import DIRECT, PLATFORM, shard_of, snowflake_before
from bot.platforms.discord.last_listened import LastListened
from bot.platforms.discord.missed_changes import MissedChanges
from bot.platforms.discord.pages import heard_again
from bot.platforms.discord.refusals import FAILURES, cause
from bot.platforms.discord.trying import let_others_go_on
from bot.platforms.gaps import MAX_MISSED, Gap, Gaps
from bot.platforms.memory import Memory
from bot.store import Store

logger = logging.getLogger(__name__)

MAX_AGE = timedelta(days=7)
TIMEOUT_S = 60.0  # of all requests for a place; what is said there meanwhile waits
END_OF_TIME = str(2**63 - 1)  # no id is later: nothing is known to have been heard after the gap

Fetched = list[list[discord.Message]]  # gap by gap


@dataclass(slots=True)
class Closing:
    """Whoever calls has the turn of the place. `clock` gives aware UTC times.

    `name` is the assistant's in the chat. Every method raises StoreError.
    """

    store: Store
    pipeline: Pipeline
    memory: Memory
    last_listened: LastListened
    name: str
    clock: Callable[[], datetime]
    gaps: Gaps = field(init=False)
    changes: MissedChanges = field(init=False)

    def __post_init__(self) -> None:
        """Make the parts that keep gaps and look for edits and deletions."""
        self.gaps = Gaps(self.store, PLATFORM, _sent_at)
        self.changes = MissedChanges(self.store, self.pipeline, self.memory)

    async def gaps_at(self, where: ConversationKey, *, before: int | None) -> list[Gap]:
        """List what is missing in a place, up to the message `before`, the oldest first.

        That is what was noted, and all since the end of the history.
        """
        gap_from = await self.store.marks.gap_from(where)
        noted = [] if gap_from is None else await self.gaps.find(where)
        since = gap_from if gap_from and not noted else await self._heard_until(where)
        if since is None:
            return []
        newest = Gap(str(snowflake_before(since)), END_OF_TIME if before is None else str(before))
        if noted and noted[-1].until == END_OF_TIME:
            last = noted.pop()
            if int(newest.since) <= int(last.since):  # nothing was heard since
                newest = replace(newest, since=last.since, room=last.room)
            else:
                noted.append(replace(last, until=str(int(newest.since) + 1)))
        return await self.settled(where, [*noted, newest])

    async def settled(self, where: ConversationKey, gaps: Sequence[Gap]) -> list[Gap]:
        """Leave out what must not be fetched: it is too old, was cleared, or nobody is to hear it."""
        settings, now = await self.store.channels.settings(where), self.clock()
        if settings.mode is Mode.OFF:
            return []
        oldest = now - MAX_AGE
        mark = await self.store.marks.heard_from(where)
        since = snowflake_before(max(oldest, mark or oldest, settings.kept_since(now) or oldest))
        return [replace(gap, since=str(max(int(gap.since), since))) for gap in gaps]

    async def close(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        gaps: list[Gap],
    ) -> None:
        """Fetch and record what is missing; what has to be tried again is left in `gaps`."""
        fetched, is_over = await self._fetched(client, channel, where, gaps)
        await self._record(client, where, gaps, fetched)
        left = [] if is_over else gaps[len(fetched) :]
        if len(left) < len(gaps):
            await self.gaps.keep(where, left)
            gaps[:] = left

    async def keep_room(self, where: ConversationKey, gaps: list[Gap]) -> None:
        """Keep rows free for gaps, before anything newer is recorded."""
        if any(gap.room is None for gap in gaps):
            gaps[:] = await self.gaps.with_room(where, gaps)

    async def give_up(self, where: ConversationKey, gaps: list[Gap]) -> None:
        """Leave unknown what is missing."""
        await self.gaps.keep(where, [])
        gaps.clear()

    async def _heard_until(self, where: ConversationKey) -> datetime | None:
        """Give when the newest known message was sent; None where nothing is to be fetched."""
        since = await self.store.marks.heard_until(where)
        if since is None and where.workspace == DIRECT:
            return self.clock() - MAX_AGE  # all that is said there is said to the assistant
        if since is None:
            since = await self.store.workspaces.joined_at(PLATFORM, where.workspace)
        return since

    async def _fetched(
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        gaps: Sequence[Gap],
    ) -> tuple[Fetched, bool]:
        """Fetch what is missing, gap by gap; False if the rest of them has to be tried again."""
        fetched: Fetched = []
        if may_read(client, where) is False:  # Discord would say that there is nothing
            logger.info("Discord: what was missed in %s cannot be read: no permission", where)
            return fetched, True
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._compare(client, channel, where)
                for gap in gaps:
                    fetched.append(await _missing(client, channel, gap))
        except (discord.Forbidden, discord.NotFound) as error:
            logger.info("Discord: what was missed in %s cannot be read: %s", where, error)
        except (discord.DiscordException, *FAILURES) as error:
            if isinstance(error, TimeoutError):
                let_others_go_on(client)
            logger.warning(
                "Discord: what was missed in %s cannot be fetched yet: %s", where, cause(error)
            )
            return fetched, False
        return fetched, True

    async def _compare(
        self, client: discord.Client, channel: Messageable, where: ConversationKey
    ) -> None:
        shard_id = shard_of(where, num_shards=client.shard_count or 1)
        await self.changes.take_over(
            client,
            channel,
            where,
            me=_me(client, self.name),
            is_readable=bool(may_read(client, where)),
            listened_until=await self.last_listened.before(shard_id),
        )

    async def _record(
        self, client: discord.Client, where: ConversationKey, gaps: Sequence[Gap], fetched: Fetched
    ) -> None:
        # Read after the fetch: meanwhile somebody may have cleared the history, or turned it off.
        mark = await self.store.marks.heard_from(where)
        if (await self.store.channels.settings(where)).mode is Mode.OFF:
            return
        num_new = 0
        for gap, missed in zip(gaps, fetched, strict=False):
            if len(missed) == MAX_MISSED:
                logger.warning(
                    "Discord: of what was missed in %s, only the last %d", where, MAX_MISSED
                )
            allowed = [each for each in missed if mark is None or each.created_at >= mark]
            num_new += await self._put(where, gap, await self._unknown(client, where, allowed))
        if num_new:
            logger.info("Discord: %d messages missed in %s are recorded", num_new, where)
            self.pipeline.conversations.wake(where, addressed=False)

    async def _unknown(
        self, client: discord.Client, where: ConversationKey, missed: Sequence[discord.Message]
    ) -> list[Message]:
        """Hear what the history does not have; some of it may have been heard since."""
        told = {str(each.id): each for each in missed}
        unknown = await self.store.messages.unknown(where, list(told)) if told else []
        me = _me(client, self.name)
        heard = [await heard_again(told[each], where, me=me, kept=self.memory) for each in unknown]
        return [each for each in heard if each is not None]

    async def _put(self, where: ConversationKey, gap: Gap, missed: Sequence[Message]) -> int:
        """Record messages where they belong; give the number of those that were new."""
        if not missed:
            return 0
        if gap.room is None:
            return await self.pipeline.catch_up(where, missed)
        kept = await self.pipeline.kept(where, missed)
        self.pipeline.note_missed(where, kept)
        return await self.store.late.record(gap.room, kept, upwards=False)


async def _missing(client: discord.Client, channel: Messageable, gap: Gap) -> list[discord.Message]:
    """Fetch what was said in a gap, the newest `MAX_MISSED` messages, oldest first."""
    after, is_open = int(gap.since), gap.until == END_OF_TIME
    if int(gap.until) <= after + 1 or (is_open and _has_nothing_after(channel, after)):
        return []
    until = None if is_open else int(gap.until)
    return await messages(client, channel, after=after, before=until, limit=MAX_MISSED)


def _has_nothing_after(channel: Messageable, after: int) -> bool:
    """Tell whether the newest message of a channel is known, which Discord names with the channel.

    `after` is the id right before the moment at which that was sent.
    """
    spoken = discord.VoiceChannel | discord.StageChannel
    if not isinstance(channel, discord.TextChannel | spoken | discord.Thread):
        return False
    newest = channel.last_message_id
    return newest is None or snowflake_time(newest) <= snowflake_time(after + 1)


def _sent_at(message_id: str) -> datetime:
    return snowflake_time(int(message_id))


def _me(client: discord.Client, name: str) -> Me:
    if client.user is None:
        raise RuntimeError("nothing is fetched before the login")
    return Me(client.user.id, name)
