"""Changes that came before the message they are about: Slack promises no order of its events."""

from collections import OrderedDict

from bot.messages import ConversationKey
from bot.platforms.slack.lenient import Payload

MAX_REMEMBERED = 500  # changes; most are of messages that nobody ever heard


class Early:
    """Remembers edits and deletions of messages that are not known, the newest of them."""

    def __init__(self) -> None:
        self._changes: OrderedDict[tuple[str, str, str], list[Payload]] = OrderedDict()

    def keep(self, where: ConversationKey, message_id: str, event: Payload) -> None:
        """Remember a change of a message; the same event may come twice."""
        changes = self._changes.setdefault(_name(where, message_id), [])
        if event not in changes:
            changes.append(event)
        if len(self._changes) > MAX_REMEMBERED:
            self._changes.popitem(last=False)

    def changes(self, where: ConversationKey, message_id: str) -> list[Payload]:
        """List what became of a message before it was heard."""
        return [*self._changes.get(_name(where, message_id), ())]


def _name(where: ConversationKey, message_id: str) -> tuple[str, str, str]:
    """Name a message: its id is its own in all of the channel."""
    return where.workspace, where.channel, message_id
