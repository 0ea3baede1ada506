"""Histories that read like a chat, for tests of the pure modules."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.messages import Author, Entry
from bot.prompt import bursts
from bot.scoring import is_waiting
from inference.wire.chat_form import ChatForm
from inference.wire.turns import decision_turns

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
ME = Author("earshot", "Earshot", is_bot=True)
ANA, BOB = Author("u1", "Ana"), Author("u2", "Bob")
ROBOT = Author("b1", "Robot", is_bot=True)
FORM = ChatForm(decide_prompt="You are {name}. Say (silence) or (response). {persona}")


def said(row, author=ANA, text="hi", *, decision=None, ago_s=0.0, **fields):
    """One message of a person, `ago_s` seconds before NOW."""
    sent_at = NOW - timedelta(seconds=ago_s)
    return Entry(row, f"m{row}", author, text, sent_at, decision_id=decision, **fields)


def replied(row, text="Paris.", *, decision=None, ago_s=0.0, **fields):
    """One reply of the assistant."""
    return said(row, ME, text, decision=decision, ago_s=ago_s, from_assistant=True, **fields)


@dataclass
class Chat:
    """A history that grows as the store's does: rows in order of arrival, decisions on bursts."""

    entries: list[Entry] = field(default_factory=list)
    num_decisions: int = 0

    def say(self, author, text, **fields):
        self.entries.append(said(len(self.entries) + 1, author, text, **fields))

    def decide(self, *, late=()):
        """Settle what waits; what comes `late` is said while a reply is written."""
        self.num_decisions += 1
        self.entries = [
            replace(entry, decision_id=self.num_decisions) if is_waiting(entry) else entry
            for entry in self.entries
        ]
        for author, text in late:
            self.say(author, text)

    def reply(self, text):
        self.entries.append(replied(len(self.entries) + 1, text, decision=self.num_decisions))

    def change(self, row, **fields):
        self.entries[row - 1] = replace(self.entries[row - 1], **fields)

    def bursts(self, *, from_row=0):
        shown = [entry for entry in self.entries if entry.row >= from_row]
        return bursts(shown, me=ME, assistant_name="assistant")

    def turns(self, *, from_row=0):
        """Give the turns of the next decision."""
        return decision_turns(FORM, self.bursts(from_row=from_row))


def extends(newer, older):
    """Tell whether the open turn of `older` goes on in `newer`, and all before it stands."""
    *settled, opened = older
    if newer[: len(settled)] != settled or len(newer) <= len(settled):
        return False
    going_on = newer[len(settled)]
    return going_on["role"] == opened["role"] and going_on["content"].startswith(opened["content"])
