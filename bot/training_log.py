"""Earshot's own history as chat logs for training. Pure.

Each reply stands behind the burst it answers, as in the prompt it was made from; one that answers
words which must not be used is left out with them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bot.messages import Author, ConversationKey, Entry
from inference.wire.chat_log import ChatLog, LoggedMessage, Person

EARSHOT = "earshot"  # the assistant's id among the people: it has another on every platform


def person_id(where: ConversationKey, author: Author) -> str:
    """Give the id of a person among all workspaces."""
    return f"{where.platform}/{where.workspace}/{author.id}"


def earshot(name: str, names_had: Iterable[str]) -> Person:
    """Give Earshot as a participant, with the names it has had on its platforms."""
    others = tuple(dict.fromkeys(other for other in names_had if other != name))
    return Person(EARSHOT, name, others, is_bot=True)


def training_log(where: ConversationKey, logged: Sequence[Entry]) -> ChatLog:
    """Give a conversation's entries as a log."""
    said = [entry for entry in logged if not entry.from_assistant]
    last = {entry.decision_id: entry.row for entry in said if entry.decision_id is not None}
    unusable = {entry.decision_id for entry in said if _is_gone(entry)} - {None}
    replies: defaultdict[int, list[LoggedMessage]] = defaultdict(list)
    for entry in logged:
        if entry.from_assistant and entry.decision_id is not None:
            left_out = entry.decision_id in unusable or _is_gone(entry)
            replies[entry.decision_id].append(_message(where, entry, left_out=left_out))
    messages: list[LoggedMessage] = []
    for entry in logged:
        if entry.from_assistant and entry.decision_id is not None:
            continue
        messages.append(_message(where, entry, left_out=_is_gone(entry)))
        if entry.decision_id is not None and last[entry.decision_id] == entry.row:
            messages += replies[entry.decision_id]
    place = f"{where.channel}, a thread" if where.thread else where.channel
    return ChatLog(str(where), place, tuple(messages))


def _message(where: ConversationKey, entry: Entry, *, left_out: bool) -> LoggedMessage:
    described = "".join(f" [{attachment}]" for attachment in entry.attachments)
    speaker = EARSHOT if entry.from_assistant else person_id(where, entry.author)
    return LoggedMessage(speaker, entry.text + described, entry.sent_at, left_out)


def _is_gone(entry: Entry) -> bool:
    return entry.deleted or entry.hidden
