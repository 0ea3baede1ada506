"""Edits and deletions that happened while nobody listened, as far as a page of the history shows them.

Slack has no list of them: what stands there is compared with what is known of the same span of time.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import StoreError
from bot.messages import ConversationKey, Entry
from bot.pipeline import Pipeline
from bot.platforms.edits import forgotten, taken_over
from bot.platforms.slack.edits import now_said
from bot.platforms.slack.hearing import TOMBSTONE
from bot.platforms.slack.keys import is_ts
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.naming import People
from bot.platforms.slack.teams import Team
from bot.store import Store

logger = logging.getLogger(__name__)

NUM_CHECKED = 50  # messages


@dataclass(frozen=True, slots=True)
class MissedChanges:
    """Compares pages with the history. Every method raises StoreError."""

    store: Store
    pipeline: Pipeline
    people: People

    async def take_over(
        self,
        where: ConversationKey,
        told: Sequence[Payload],
        team: Team,
        *,
        after: str,
        until: str,
    ) -> None:
        """Take over what was edited or deleted in a span of time, of which all is told."""
        seen = {text_in(each, "ts"): each for each in told}
        for entry in await self.store.messages.recent(where, limit=NUM_CHECKED):
            if _is_comparable(entry, where) and after < entry.id <= until:
                await self._compare(where, entry, seen.get(entry.id), team)

    async def _compare(
        self, where: ConversationKey, entry: Entry, now: Payload | None, team: Team
    ) -> None:
        if now is None or text_in(now, "subtype") == TOMBSTONE:
            await forgotten(self.pipeline, where, entry.id)
        elif text_in(part_of(now, "edited"), "ts"):
            try:
                told = await now_said(now, team=team, people=self.people)
            except StoreError:
                raise
            except Exception:  # a defect of ours hides no other message
                logger.exception("Slack: message %s cannot be read", entry.id)
                return
            await taken_over(self.pipeline, where, entry.id, told, is_missed=True)


def _is_comparable(entry: Entry, where: ConversationKey) -> bool:
    """Tell whether a message would stand in the page if it stood anywhere.

    A reply of ours stands in a thread where its question stood in the channel.
    """
    is_elsewhere = entry.from_assistant or entry.id == where.thread
    return is_ts(entry.id) and not (entry.deleted or is_elsewhere)
