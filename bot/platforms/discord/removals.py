"""Who deleted a reply: only a moderator's deletion says something about it.

The event of a deletion does not tell who did it. Discord's audit log does, to a bot that may view
it; but it adds up deletions of one moderator in one channel in one entry for some minutes, so it is
the growth of an entry's count that tells. The bot's own deletions are never in it.
https://discord.com/developers/docs/resources/audit-log
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord
from discord import AuditLogAction
from discord.utils import snowflake_time

from bot.messages import ConversationKey
from bot.platforms.discord.opinions import Opinions
from bot.platforms.discord.refusals import FAILURES

logger = logging.getLogger(__name__)

WAITS = timedelta(seconds=30)  # the log follows the event within seconds
NUM_ENTRIES = 10
MAX_COUNTED = 1000  # entries whose count is remembered


@dataclass(frozen=True, slots=True)
class _Deleted:
    """A reply that is gone, and has yet to be found in the audit log."""

    place_id: int
    where: ConversationKey
    decision_id: int
    at: datetime


class Removals:
    """Matches deleted replies with the audit log. `clock` gives aware UTC times."""

    def __init__(self, opinions: Opinions, clock: Callable[[], datetime]) -> None:
        self._opinions = opinions
        self._clock = clock
        self._deleted: list[_Deleted] = []
        self._counts: OrderedDict[int, int] = OrderedDict()

    def deleted(self, place_id: int, where: ConversationKey, decision_id: int) -> None:
        """Note that a reply was deleted, by somebody that `look` finds out."""
        self._deleted.append(_Deleted(place_id, where, decision_id, self._clock()))

    async def look(self, client: discord.Client, guild: discord.Guild) -> None:
        """Look for deleted replies in the audit log, if the bot may see it. Raises StoreError."""
        oldest = self._clock() - WAITS
        self._deleted = [each for each in self._deleted if each.at >= oldest]
        if not self._deleted or not guild.me.guild_permissions.view_audit_log:
            return
        try:
            log = await client.http.get_audit_logs(
                guild.id, limit=NUM_ENTRIES, action_type=AuditLogAction.message_delete.value
            )
        except (discord.DiscordException, *FAILURES) as error:
            logger.info("Discord: the audit log of %s cannot be read: %s", guild.name, error)
            return
        for entry in log["audit_log_entries"]:
            if entry["target_id"] == str(guild.me.id):
                await self._count(entry)

    async def _count(self, entry: Mapping[str, Any]) -> None:
        """Take an entry on the bot's messages: as many as its count grew by were deleted."""
        entry_id, moderator = int(entry["id"]), entry["user_id"]
        place_id, count = int(entry["options"]["channel_id"]), int(entry["options"]["count"])
        is_recent = snowflake_time(entry_id) >= self._clock() - WAITS
        # An entry from before this process began: how far it had counted is not known.
        before = self._counts.get(entry_id, 0 if is_recent else count - 1)
        theirs = [each for each in self._deleted if each.place_id == place_id]
        for gone in theirs[: count - before]:
            self._deleted.remove(gone)
            await self._opinions.removed(gone.where, gone.decision_id, str(moderator))
        self._counts[entry_id] = count
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)
