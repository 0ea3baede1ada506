"""The fixed sentences that people in a chat see instead of a reply. The causes are in the log.

Some are about a person or a channel, not about one question: they are told once in a while.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.messages import ASKED, ConversationKey, Entry, Message

AGAIN_AFTER = timedelta(hours=1)  # who forgot, or has come back, hears it again

CANNOT_THINK = "I can't think right now. Please try again in a minute."
NO_ANSWER = "I have no answer to that."
NOT_POSTED = "My answer could not be posted. Please try again in a minute."
LISTENING = "I'm only listening here. A manager can change that with /assistant mode."
OPTED_OUT = "You have opted out, so I don't read your messages. /assistant privacy optin undoes it."
SAID_BEFORE = (
    "You wrote this before you had me forget you or opted in, so I don't read it. Please ask again."
)

FOR_ONE = frozenset({LISTENING, OPTED_OUT, SAID_BEFORE})
"""Told once in a while, and to that person alone where a platform can: nobody else has use for them."""


@dataclass(slots=True)
class Told:
    """Remembers who was told what, and where, until they may hear it again."""

    _at: dict[tuple[ConversationKey, str, str], datetime] = field(init=False, default_factory=dict)

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self._at)

    def is_news(
        self, where: ConversationKey, asked: Entry | Message, text: str, *, now: datetime
    ) -> bool:
        """Tell whether whoever asked is to be told; from then on they were.

        Who asked by a command always is: they look at the place of its answer.
        """
        if text not in FOR_ONE or asked.id.startswith(ASKED):
            return True
        self._at = {key: at for key, at in self._at.items() if now - at < AGAIN_AFTER}
        key = where, asked.author.id, text
        if key in self._at:
            return False
        self._at[key] = now
        return True
