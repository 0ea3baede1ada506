"""People, places and messages that the store's tests are about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.messages import (
    Action,
    Author,
    ConversationKey,
    Decision,
    Message,
    OutboxItem,
    OutboxStatus,
    Rule,
)

ROOM = ConversationKey("room", "home", "kitchen")
THREAD = replace(ROOM, thread="cake")
ANN = Author("1", "Ann")
BEN = Author("2", "Ben")
EARSHOT = Author("bot", "Earshot", is_bot=True)
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

SILENT = Decision(Action.SILENT, Rule.THRESHOLD, "0.12 is under 0.50", 0.12, 0.5)
SPEAK = Decision(Action.SPEAK, Rule.ADDRESSED, "Ann asked")


def later(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def message(id: str = "m1", text: str = "Hello", author: Author = ANN, **more: object) -> Message:
    fields = {"conversation": ROOM, "sent_at": START} | more
    return Message(id=id, text=text, author=author, **fields)


def kept_with(**more: object) -> dict[str, object]:
    """Give what `Decisions.keep` wants beside the decision."""
    return {"model": "m-7b", "adapter": None, "latency_ms": 12.5, "at": START} | more


def reply(key: str = "k1", text: str = "Flour, I think.", **more: object) -> OutboxItem:
    """Give a reply of the assistant that has yet to be posted."""
    fields = {"conversation": ROOM, "decision_id": None, "reply_to": None, "created_at": START}
    return OutboxItem(key=key, text=text, **fields | {"status": OutboxStatus.PENDING} | more)
