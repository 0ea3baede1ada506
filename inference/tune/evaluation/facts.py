r"""Questions with known answers, so that learning silence is seen not to cost the answers.

    {"question": "what is the capital of France?", "accept": ["Paris"]}

`accept` holds regular expressions, found as whole words in any case. The questions are our own.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from inference.wire.turns import Burst, Line

ASKED_BY = "Ana"


@dataclass(frozen=True, slots=True)
class Fact:
    """A question, and what any right answer to it holds one of."""

    question: str
    accept: tuple[str, ...]

    def is_answered_by(self, text: str) -> bool:
        """Tell whether a text holds a right answer."""
        anyone = "|".join(self.accept)
        return bool(re.search(rf"(?<!\w)(?:{anyone})(?!\w)", text, re.IGNORECASE))

    def asked(self, assistant_name: str) -> list[Burst]:
        """Give the question as a chat of one message, put to the assistant by name."""
        return [Burst((Line(ASKED_BY, f"{assistant_name}, {self.question}"),))]


def facts() -> list[Fact]:
    """Give all questions."""
    text = (files("inference.tune.evaluation") / "facts.jsonl").read_text(encoding="utf-8")
    raw = [json.loads(line) for line in text.splitlines()]
    return [Fact(one["question"], tuple(one["accept"])) for one in raw]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a question, and whether it is right."""

    question: str
    text: str
    right: bool


def answered(known: Sequence[Fact], answer: Callable[[Fact], str]) -> list[Answered]:
    """Ask all questions."""
    found = []
    for fact in known:
        text = answer(fact)
        found.append(Answered(fact.question, text, fact.is_answered_by(text)))
    return found
