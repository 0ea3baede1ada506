"""Which channels the assistant is in, and since when: what was said before is not its business.

Slack would give it all to whoever is in a channel now. So each channel is noted, also for the next
start. One that is new counts as heard up to the invitation, where Slack tells when that was, and else
up to now.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.messages import ConversationKey
from bot.platforms.slack.fetching import Listing
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct, ts_at
from bot.store import Store

logger = logging.getLogger(__name__)

NOTE = "member-"
IN, OUT = "in", "out"
CLOCK_MARGIN = timedelta(seconds=10)  # our clock may be ahead of Slack's by some
MAX_INVITATIONS = 20  # that are looked for at once

InvitedAt = Callable[[ConversationKey], Awaitable[datetime | None]]


async def nobody_knows(_: ConversationKey) -> None:
    """Tell of no invitation when it was."""


class Membership:
    """Keeps the channels of each workspace. `clock` gives aware UTC times; methods raise StoreError.

    Direct chats are not among them: all that is said there is said to the assistant. A channel's
    note tells what became of the assistant there, and when: of two processes that hear of it, or
    an event that comes late, the later news counts.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._archived: dict[str, frozenset[str]] = {}

    async def joined(self, where: ConversationKey, at: datetime | None = None) -> None:
        """Note that the assistant was invited to a channel, just now or at a time."""
        at = at or self._clock()
        await self._store.marks.hear_from(replace(where, thread=None), at)
        await self._note(where, at, IN)

    async def left(self, where: ConversationKey, at: datetime | None = None) -> None:
        """Note that the assistant was removed from a channel, or the channel is gone."""
        await self._note(where, at or self._clock(), OUT)

    async def channels(self, team_id: str) -> frozenset[str]:
        """Give the ids of the channels of a workspace that it is in."""
        noted = await self._store.notes.named(PLATFORM, NOTE, team_id)
        return frozenset(channel_id for channel_id, value in noted.items() if _is_in(value))

    def archived(self, team_id: str) -> frozenset[str]:
        """Give the ids of those that took no messages when they were last listed here."""
        return self._archived.get(team_id, frozenset())

    async def is_member(self, where: ConversationKey) -> bool:
        """Tell whether it was in a channel, or a thread's, before anything was missed there."""
        if is_direct(where.channel):
            return True
        noted = await self._store.notes.get(PLATFORM, _name(where))
        return noted is not None and _is_in(noted)

    async def took(
        self, team_id: str, listing: Listing, *, invited_at: InvitedAt = nobody_knows
    ) -> None:
        """Note in which channels it is, by what Slack lists.

        Archived ones are among them: they may come back. Those that are new are heard since the
        invitation, or from now on where `invited_at` does not tell. Those that a complete list lacks
        are left, unless the invitation came while the list was given.
        """
        self._archived[team_id] = frozenset(listing.archived_ids)
        listed = (*listing.channel_ids, *listing.archived_ids)
        present = {each for each in listed if not is_direct(each)}
        known = await self.channels(team_id)
        for number, channel_id in enumerate(sorted(present - known)):
            where = channel_key(team_id, channel_id)
            since = await invited_at(where) if number < MAX_INVITATIONS else None
            since = since or await self._spoken_until(where)
            now = self._clock()
            await self._store.marks.hear_from(where, min(since or now, now))
            await self._note(where, listing.at, IN)
        is_complete = listing.is_complete and listing.has_all_types
        for channel_id in sorted(known - present) if is_complete else ():
            await self._note(channel_key(team_id, channel_id), listing.at - CLOCK_MARGIN, OUT)

    async def _spoken_until(self, where: ConversationKey) -> datetime | None:
        """Give up to when a channel was heard of which no news came; None where there was any.

        Nobody is invited to a group chat, which is heard all the same.
        """
        has_news = await self._store.notes.get(PLATFORM, _name(where)) is not None
        if has_news or not await self._store.messages.recent(where, limit=1):
            return None
        return await self._store.marks.heard_until(where)

    async def _note(self, where: ConversationKey, at: datetime, what: str) -> None:
        await self._store.notes.advance(PLATFORM, _name(where), f"{ts_at(at)} {what}")


def _name(where: ConversationKey) -> str:
    return f"{NOTE}{where.channel}/{where.workspace}"  # goes with the workspace's data


def _is_in(noted: str) -> bool:
    return noted.endswith(f" {IN}")
