"""Changes that come before the message they are about: Slack promises no order of its events.

That a message is gone is written down, since it may still come: to another process, or after a
restart.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.messages import ConversationKey, Mode
from bot.platforms.slack.hearing import moment
from bot.platforms.slack.keys import PLATFORM, is_ts, sent_at, ts_at
from bot.platforms.slack.lenient import Payload
from bot.store import Store

YOUNG = timedelta(minutes=10)  # Slack delivers again within six
KEPT_FOR = timedelta(hours=1)
_PREFIX = "deleted-"


@dataclass(frozen=True, slots=True)
class Early:
    """Knows which messages nobody knows yet. Every method raises StoreError."""

    store: Store

    async def may_come(self, change: Payload, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message that was changed may still come, and is to be heard then."""
        told_at = moment(change)
        if told_at is None or not is_ts(message_id) or told_at - sent_at(message_id) > YOUNG:
            return False
        if (await self.store.channels.settings(where)).mode is Mode.OFF:
            return False
        mark = await self.store.marks.heard_from(where)
        return mark is None or sent_at(message_id) > mark

    async def gone(self, where: ConversationKey, message_id: str) -> None:
        """Note that a message is gone; what was noted an hour ago is forgotten."""
        notes, workspace = self.store.notes, where.workspace
        await notes.set(PLATFORM, _name(where, message_id), message_id)
        before = ts_at(sent_at(message_id) - KEPT_FOR)
        for name, ts in (await notes.named(PLATFORM, _PREFIX, workspace)).items():
            if ts < before:
                await notes.drop(PLATFORM, f"{_PREFIX}{name}/{workspace}")

    async def is_gone(self, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message was gone before anybody heard it."""
        return await self.store.notes.get(PLATFORM, _name(where, message_id)) is not None


def _name(where: ConversationKey, message_id: str) -> str:
    """Name the note of a message: its id is its own in all of the channel."""
    return f"{_PREFIX}{where.channel}-{message_id}/{where.workspace}"
