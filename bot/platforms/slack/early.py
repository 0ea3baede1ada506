"""Changes that came before the message they are about: Slack promises no order of its events."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.messages import ConversationKey
from bot.platforms.slack.hearing import moment
from bot.platforms.slack.lenient import Payload

KEPT_FOR = timedelta(minutes=10)  # Slack delivers again within six
MAX_REMEMBERED = 500  # messages; nobody ever hears most of them


@dataclass(slots=True)
class _Changes:
    """What became of a message, and when that was told first."""

    told_at: datetime
    events: list[Payload] = field(default_factory=list)


class Early:
    """Remembers edits and deletions of messages that are not known, for some minutes."""

    def __init__(self) -> None:
        self._changes: OrderedDict[tuple[str, str, str], _Changes] = OrderedDict()

    def keep(self, where: ConversationKey, message_id: str, event: Payload) -> None:
        """Remember a change of a message; the same event may come twice."""
        told_at = moment(event)
        if told_at is None:
            return
        changes = self._changes.setdefault(_name(where, message_id), _Changes(told_at))
        if event not in changes.events:
            changes.events.append(event)
        self._forget(told_at - KEPT_FOR)

    def changes(self, where: ConversationKey, message_id: str) -> list[Payload]:
        """List what became of a message before it was heard."""
        changes = self._changes.get(_name(where, message_id))
        return [] if changes is None else [*changes.events]

    def _forget(self, before: datetime) -> None:
        while self._changes:
            oldest = next(iter(self._changes.values()))
            if oldest.told_at >= before and len(self._changes) <= MAX_REMEMBERED:
                return
            self._changes.popitem(last=False)


def _name(where: ConversationKey, message_id: str) -> tuple[str, str, str]:
    """Name a message: its id is its own in all of the channel."""
    return where.workspace, where.channel, message_id
