"""What every reader of an export gives: people, channels, and what it left aside. Values only."""

from collections import Counter
from dataclasses import dataclass, field

from inference.wire.chat_log import ChatLog, Person


@dataclass(frozen=True, slots=True)
class LoggedChats:
    """An export as read. `left_aside` counts what is no message of anybody, by kind."""

    people: tuple[Person, ...]
    logs: tuple[ChatLog, ...]
    left_aside: Counter[str] = field(default_factory=Counter)
