"""Chat logs as conversations of a data file: who the assistant is, where to cut, which names.

    log of #help, Ben is chosen         one line of the data file
    Ana: @Ben is it up?                 {"role": "user", "name": "Ana", "content": "assistant is it up?"}
    Ben: yes                            {"role": "assistant", "content": "yes"}

Pure. The chosen person's messages become the assistant's, their name in the texts becomes its name.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

from inference.wire.addresses import without_addresses
from inference.wire.chat_log import ChatLog, LoggedMessage, Person
from inference.wire.file_bursts import ASSISTANT_NAME
from inference.wire.name_finder import NameFinder, words_of
from inference.wire.pseudonyms import pseudonyms
from inference.wire.speakers import SpeakerNames


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where a long channel is cut: at silences, and where a conversation would get too long.

    A conversation of fewer than `min_messages` teaches little and is left out.
    """

    gap_hours: float = 2.0
    max_messages: int = 60
    min_messages: int = 4


class Line(TypedDict, total=False):
    """A message as a data file holds it; the assistant's has no name."""

    role: str
    name: str
    content: str


class LoggedConversation(TypedDict):
    """A conversation as a data file holds it."""

    id: str
    source: str
    title: str
    messages: list[Line]


@dataclass(slots=True)
class Names:
    """What people are called in the data: `shown` by id, `finder` for their names in texts."""

    shown: dict[str, str]
    finder: NameFinder
    with_pseudonyms: bool

    def in_text(self, text: str) -> str:
        """Give a text with the names that the data shows."""
        if self.with_pseudonyms:
            text = without_addresses(text)
        return self.finder.replaced(text, self.shown, bare=ASSISTANT_NAME)


def names_in_data(people: Sequence[Person], assistant: Person, *, with_pseudonyms: bool) -> Names:
    """Settle what everyone is called; two people of one name stay apart."""
    others = [person for person in people if person.id != assistant.id]
    unique = SpeakerNames(own_name=ASSISTANT_NAME, assistant_name=ASSISTANT_NAME)
    given = pseudonyms(others, not_used=assistant.called) if with_pseudonyms else {}
    shown = {
        person.id: unique.of(person.id, given.get(person.id, person.name)) for person in others
    }
    finder = NameFinder()
    finder.add([*assistant.called, *_calls(assistant, others)], ASSISTANT_NAME)
    if with_pseudonyms:
        for person in others:
            if not person.is_bot:
                finder.add([*person.called, *words_of(person.called)], shown[person.id])
    return Names({**shown, assistant.id: ASSISTANT_NAME}, finder, with_pseudonyms)


def _calls(assistant: Person, others: Sequence[Person]) -> list[str]:
    """Give the words of its name that can only mean the assistant; a bot is called by all of it."""
    if assistant.is_bot:
        return []
    shared = {word.casefold() for person in others for word in words_of(person.called)}
    return [word for word in words_of(assistant.called) if word.casefold() not in shared]


def logged_conversations(
    logs: Iterable[ChatLog], names: Names, *, assistant_id: str, source: str, cuts: Cuts
) -> Iterator[LoggedConversation]:
    """Give the conversations of all channels, in their order; what has nothing to teach is left out."""
    for log in logs:
        for piece in _pieces(_usable(log.messages, assistant_id), assistant_id, cuts):
            lines = _lines(piece, names, assistant_id)
            if len(lines) >= max(cuts.min_messages, 1):
                yield LoggedConversation(
                    id=_id(source, log.key, piece[0]),
                    source=source,
                    title=names.in_text(log.place),
                    messages=lines,
                )


def _usable(messages: Sequence[LoggedMessage], assistant_id: str) -> list[LoggedMessage]:
    """Leave out what must not be used or says nothing, and the replies to what must not be used."""
    usable = []
    orphaned = False
    for message in messages:
        from_assistant = message.person_id == assistant_id
        if message.left_out:
            orphaned = orphaned or not from_assistant
        elif not from_assistant:
            orphaned = False
        if not message.left_out and not (from_assistant and orphaned) and message.text.strip():
            usable.append(message)
    return usable


def _pieces(
    messages: Sequence[LoggedMessage], assistant_id: str, cuts: Cuts
) -> Iterator[list[LoggedMessage]]:
    """Cut before messages of people only: a reply stays with what it answers."""
    piece: list[LoggedMessage] = []
    for message in messages:
        from_assistant = message.person_id == assistant_id
        if not piece:
            if not from_assistant:  # words of the assistant before anybody's answer nothing
                piece = [message]
            continue
        is_full = len(piece) >= cuts.max_messages
        # Compared in hours: a gap of any size is a float, but not a timedelta.
        silence_hours = (message.at - piece[-1].at) / timedelta(hours=1)
        if not from_assistant and (is_full or silence_hours > cuts.gap_hours):
            yield piece
            piece = []
        piece.append(message)
    if piece:
        yield piece


def _lines(piece: Sequence[LoggedMessage], names: Names, assistant_id: str) -> list[Line]:
    lines: list[Line] = []
    for message in piece:
        content = names.in_text(message.text).strip()
        if message.person_id != assistant_id:
            lines.append(Line(role="user", name=names.shown[message.person_id], content=content))
        elif lines[-1]["role"] == "assistant":  # a reply in several posts is one reply
            lines[-1]["content"] += f"\n{content}"
        else:
            lines.append(Line(role="assistant", content=content))
    return lines


def _id(source: str, key: str, first: LoggedMessage) -> str:
    """Name a conversation by a hash: an id tells nobody's name, and stays the same next time."""
    named = f"{key}\n{first.at.isoformat()}\n{first.person_id}"
    return f"{source}-{hashlib.sha256(named.encode()).hexdigest()[:16]}"
