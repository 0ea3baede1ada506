"""Decide whether what a model wrote is a conversation worth learning from, and if not, why not.

Pure. The checks of `earshot data check` first, then whether it is what was asked for.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from inference.tune.data.mending import Line, messages_in
from inference.tune.data.plan import Item
from inference.tune.data.schema import check_content
from inference.wire.conversation_file import FileConversation

MIN_MESSAGES = 6
MAX_LENGTH = 2.5  # times what was asked for
MAX_SPEAK_SHARE = 0.4
MAX_REPLY_CHARS = 600
MAX_REPEATS = 2
SOURCE = "synthetic"
_UNFILLED = ("...", "…")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A conversation as it is written to the file, and as it is read from there."""

    written: Mapping[str, object]
    conversation: FileConversation


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why not. `reason` is one of few, so that it can be counted."""

    reason: str


def accepted(text: str, item: Item, *, model: str) -> Accepted | Rejected:
    """Read a model's answer as the conversation that was planned."""
    lines = messages_in(text, people=item.people)
    if not lines:
        return Rejected("no messages could be read out of the answer")
    for reason in _reasons(lines, item):
        return Rejected(reason)
    written = {
        "id": item.id,
        "source": SOURCE,
        "topic": item.area,
        "title": item.topic,
        "messages": lines,
        "meta": {"model": model, "kinds": list(item.kinds)},
    }
    checked = check_content(written, 0)
    if checked.conversation is None:
        return Rejected(checked.first_error)
    return Accepted(written, checked.conversation)


def _reasons(lines: Sequence[Line], item: Item) -> Iterator[str]:
    people = [line for line in lines if line["role"] == "user"]
    replies = [line["content"] for line in lines if line["role"] == "assistant"]
    names = {line["name"] for line in people}
    if not names <= set(item.people):
        yield "somebody speaks who was not asked for"
    if len(names) < 2:
        yield "fewer than two people speak"
    if len(lines) < MIN_MESSAGES:
        yield f"fewer than {MIN_MESSAGES} messages"
    if len(lines) > MAX_LENGTH * item.num_messages:
        yield "far longer than asked for"
    if item.speaks and not replies:
        yield "the assistant never speaks, though it should"
    if replies and not item.speaks:
        yield "the assistant speaks, though it should not"
    yield from _manner(lines, replies, num_said=len(people))


def _manner(lines: Sequence[Line], replies: Sequence[str], *, num_said: int) -> Iterator[str]:
    roles = [line["role"] for line in lines]
    if any(a == b == "assistant" for a, b in pairwise(roles)):
        yield "the assistant speaks twice in a row"
    if len(replies) > MAX_SPEAK_SHARE * num_said:
        yield "the assistant speaks too often"
    if any(len(reply) > MAX_REPLY_CHARS for reply in replies):
        yield "the assistant speaks too long"
    said = Counter(line["content"].casefold() for line in lines)
    if said.most_common(1)[0][1] > MAX_REPEATS:
        yield "it repeats itself"
    if any(line["content"].strip() in _UNFILLED for line in lines):
        yield "a message was left to be filled in"
