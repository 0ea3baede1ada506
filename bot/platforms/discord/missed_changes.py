"""Edits and deletions that happened while nobody listened, of the last messages that are known.

Discord has no list of them: the messages are fetched again and compared with what the history holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import discord
from discord.abc import Messageable

from bot.messages import ConversationKey, Entry
from bot.pipeline import Pipeline
from bot.platforms.discord.fetching import fetched
from bot.platforms.discord.hearing import Me
from bot.platforms.discord.pages import heard_again
from bot.platforms.edits import Edited, forgotten, taken_over
from bot.platforms.memory import Memory
from bot.store import Store

NUM_CHECKED = 50  # messages
MAX_FETCHED = 100  # one request; other bots and notices stand between them
CHECKED_AGE = timedelta(days=1)  # a place that was quiet for longer before the gap is not looked at


@dataclass(frozen=True, slots=True)
class MissedChanges:
    """Compares places with the history."""

    store: Store
    pipeline: Pipeline
    memory: Memory

    async def take_over(  # noqa: PLR0913 - each is another thing to know
        self,
        client: discord.Client,
        channel: Messageable,
        where: ConversationKey,
        *,
        me: Me,
        is_readable: bool,
        listened_until: datetime,
    ) -> None:
        """Take over what was edited or deleted. Raises StoreError, and what discord.py raises.

        `listened_until` is when the gap began, in which nothing was heard. Unless a place
        `is_readable` for sure, an empty one is not believed: Discord shows nothing to those who may
        not read the history.
        """
        recent = await self.store.messages.recent(where, limit=NUM_CHECKED)
        # Questions of `/assistant ask` are no messages on Discord; their ids are no numbers.
        known = [each for each in recent if each.id.isdecimal() and not each.deleted]
        if not known or max(each.sent_at for each in known) < listened_until - CHECKED_AGE:
            return
        ids = [int(each.id) for each in known]
        found = await fetched(
            client, channel, after=min(ids) - 1, before=max(ids) + 1, limit=MAX_FETCHED
        )
        seen = {str(message.id): message for message in found.messages}
        if not (seen or found.unread or is_readable):
            return
        oldest_seen = min(ids) if found.is_all else min({*map(int, seen), *found.unread})
        for entry in known:
            if int(entry.id) < oldest_seen or int(entry.id) in found.unread:
                continue  # it stands there, or may
            if not _stands_elsewhere(channel, where, entry):
                await self._compare(where, entry, seen.get(entry.id), me)

    async def _compare(
        self, where: ConversationKey, entry: Entry, message: discord.Message | None, me: Me
    ) -> None:
        if message is None:
            await forgotten(self.pipeline, where, entry.id)
        elif message.edited_at is not None and not entry.from_assistant:
            told = await heard_again(message, where, me=me, kept=self.memory)
            if told is not None:
                now = Edited(told.text, told.attachments, message.edited_at)
                await taken_over(self.pipeline, where, entry.id, now, is_missed=True)


def _stands_elsewhere(channel: Messageable, where: ConversationKey, entry: Entry) -> bool:
    """Tell whether a message is the one a thread was made of, which only its channel shows."""
    if entry.id != where.thread:
        return False
    is_post = isinstance(channel, discord.Thread) and isinstance(
        channel.parent, discord.ForumChannel
    )
    return not is_post
