"""Who deleted a reply: only a moderator's deletion says something about it.

The event of a deletion does not tell who did it. Discord's audit log does, to a bot that may view
it; but it adds up deletions of one moderator in one channel in one entry for some minutes, so it is
the growth of an entry's count that tells. New entries are told as events, growth is not. The bot's own
deletions are never in it. Which of the two comes first, the deletion or the growth, is not said; they
are matched within half a minute. What a bot deletes is no opinion of anybody.
https://discord.com/developers/docs/resources/audit-log
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import AuditLogAction
from discord.utils import snowflake_time

from bot.messages import ConversationKey
from bot.platforms.discord.keys import workspace_of
from bot.platforms.discord.refusals import FAILURES, cause
from bot.platforms.discord.trying import let_others_go_on
from bot.platforms.insist import insisted
from bot.platforms.opinions import Opinions

if TYPE_CHECKING:
    from discord.types.audit_log import AuditLog

logger = logging.getLogger(__name__)

WAITS = timedelta(seconds=30)  # the log follows the event within seconds
NUM_ENTRIES = 10
TIMEOUT_S = 60.0
MAX_COUNTED = 1000  # entries whose count is remembered


@dataclass(frozen=True, slots=True)
class _Deleted:
    """A reply that is gone, and has yet to be found in the audit log."""

    place_id: int
    where: ConversationKey
    decision_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class _Deed:
    """A deletion that the audit log tells, of a message that is not yet known to be gone."""

    place_id: int
    moderator_id: str
    at: datetime


class Removals:
    """Matches deleted replies with the audit log. `clock` gives aware UTC times."""

    def __init__(self, opinions: Opinions, clock: Callable[[], datetime]) -> None:
        self._opinions = opinions
        self._clock = clock
        self._deleted: list[_Deleted] = []
        self._deeds: list[_Deed] = []
        self._counts: OrderedDict[int, int] = OrderedDict()

    def deleted(self, place_id: int, where: ConversationKey, decision_id: int) -> None:
        """Note that a reply was deleted, by somebody that `look` finds out."""
        self._deleted.append(_Deleted(place_id, where, decision_id, self._clock()))

    def logged(self, entry: discord.AuditLogEntry) -> None:
        """Note a new entry on a deletion: it may be looked at only when it has grown."""
        deletion: Any = entry  # what stands in it goes by its action
        if deletion.target is not None and deletion.target.id == entry.guild.me.id:
            options = deletion.extra
            self._count(entry.id, options.channel.id, str(entry.user_id), options.count)

    async def look(self, client: discord.Client, guild: discord.Guild) -> None:
        """Look for deleted replies in the audit log, if the bot may see it."""
        oldest = self._clock() - WAITS
        self._deleted = [each for each in self._deleted if each.at >= oldest]
        self._deeds = [each for each in self._deeds if each.at >= oldest]
        if all(each.where.workspace != workspace_of(guild.id) for each in self._deleted):
            return
        if not guild.me.guild_permissions.view_audit_log:
            return
        log = await _newest(client, guild)
        if log is None:  # who of them is a bot is not known
            return
        for entry in log["audit_log_entries"]:
            if entry["target_id"] == str(guild.me.id):
                options = entry["options"]
                place_id, count = int(options["channel_id"]), int(options["count"])
                self._count(int(entry["id"]), place_id, str(entry["user_id"]), count)
        bots = {user["id"] for user in log["users"] if user.get("bot")}
        for gone, deed in self._matched():
            if deed.moderator_id in bots:
                continue
            await insisted(
                partial(self._opinions.removed, gone.where, gone.decision_id, deed.moderator_id),
                f"a removal in {gone.where}",
            )

    def _count(self, entry_id: int, place_id: int, moderator_id: str, count: int) -> None:
        """Take an entry on the bot's messages: as many as its count grew by were deleted."""
        now = self._clock()
        is_recent = snowflake_time(entry_id) >= now - WAITS
        # An old one that nobody told of: whether anything of it was just now is not known.
        before = self._counts.get(entry_id, 0 if is_recent else count)
        self._deeds += [_Deed(place_id, moderator_id, now)] * (count - before)
        self._counts[entry_id] = max(count, before)  # an older count may come later
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)

    def _matched(self) -> list[tuple[_Deleted, _Deed]]:
        """Take out the deleted replies whose deletion the log told."""
        matched = []
        for gone in list(self._deleted):
            deed = next((each for each in self._deeds if each.place_id == gone.place_id), None)
            if deed is not None:
                self._deeds.remove(deed)
                self._deleted.remove(gone)
                matched.append((gone, deed))
        return matched


async def _newest(client: discord.Client, guild: discord.Guild) -> "AuditLog | None":
    """Fetch the newest deletions that the audit log tells; None where it cannot be read."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await client.http.get_audit_logs(
                guild.id, limit=NUM_ENTRIES, action_type=AuditLogAction.message_delete.value
            )
    except FAILURES as error:
        if isinstance(error, TimeoutError):
            let_others_go_on(client)
        logger.info("Discord: the audit log of %s cannot be read: %s", guild.name, cause(error))
        return None
