"""Vary conversations as life will: bursts, personas, other names of the assistant, plain speech.

Pure: the random generator is an argument. What is varied here is what serving varies; a model that
has seen one form only loses its judgement in the others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from inference.wire.file_bursts import ASSISTANT_NAME
from inference.wire.turns import Burst, Line

NAMES = ("Earshot", "Nova", "Robin", "helper", "Sage", "botty", "Mira", "Kit")
PERSONAS = (
    "You are friendly and brief.",
    "You help a small team with its work. Be precise.",
    "You like trivia and keep answers short.",
    "You are a patient tutor.",
    "You speak plainly and kindly.",
    "You help a family keep track of things.",
    "You are the helper of a support channel. Answer what nobody else does.",
    "You are dry and a little witty.",
    "You answer in the language of the question.",
    "You know computers well.",
    "You are the assistant of a club. Be cheerful.",
    "Never use more than two sentences.",
)


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely each variation is, 0 to 1; that of `merge` is for each message in a bursty chat."""

    persona: float = 0.35
    name: float = 0.1
    bursty: float = 0.5
    merge: float = 0.3
    spoken: float = 0.1


UNVARIED = Chances(persona=0, name=0, bursty=0, merge=0, spoken=0)


@dataclass(frozen=True, slots=True)
class Varied:
    """A conversation as it is shown once. `assistant_name` is what people call the assistant in it."""

    bursts: list[Burst]
    persona: str
    assistant_name: str


def varied(bursts: Sequence[Burst], chances: Chances, random: Random) -> Varied:
    """Draw one variation of a conversation."""
    shown = list(bursts)
    name = ASSISTANT_NAME
    if random.random() < chances.name and not _has_other_sense(shown):
        name = random.choice(_free_names(shown))
        shown = _renamed(shown, name)
    if random.random() < chances.spoken:
        shown = [replace(burst, lines=tuple(map(_spoken, burst.lines))) for burst in shown]
    if random.random() < chances.bursty:
        shown = merged(shown, chances.merge, random)
    persona = random.choice(PERSONAS) if random.random() < chances.persona else ""
    return Varied(shown, persona, name)


def merged(bursts: Sequence[Burst], share: float, random: Random) -> list[Burst]:
    """Merge random runs of messages into one burst, as a hurried chat does.

    Each burst is joined to the next with probability `share`, but none that has a reply.
    """
    shown: list[Burst] = []
    joins = False
    for burst in bursts:
        if joins:
            shown[-1] = Burst(shown[-1].lines + burst.lines, burst.reply)
        else:
            shown.append(burst)
        joins = burst.reply is None and random.random() < share
    return shown


_NAMED = re.compile(rf"\b{ASSISTANT_NAME}\b", re.IGNORECASE)
# The word as a call: at either end of a sentence or set off by commas, or after @, hey, ok; but not
# as anybody's assistant.
_OWNERS = ("a", "an", "the", "my", "your", "his", "her", "our", "their", "this", "that", "no")
_CALLED = re.compile(
    "".join(rf"(?<!\b{owner} )" for owner in _OWNERS)
    + rf"(?:(?:(?<=^)|(?<=[.!?,] )|(?<=[@(])|(?<=hey )|(?<=ok )|(?<=, )){ASSISTANT_NAME}\b"
    rf"|\b{ASSISTANT_NAME}(?=\s*(?:[,:?!.]|$)))",
    re.IGNORECASE,
)


def _free_names(bursts: Sequence[Burst]) -> list[str]:
    """Give the names that nobody in the chat has or says; our usual one if all are taken."""
    lines = [line for burst in bursts for line in burst.lines]
    heard = " ".join(f"{line.name} {line.text}" for line in lines).casefold()
    free = [name for name in NAMES if name.casefold() not in heard]
    return free or [ASSISTANT_NAME]


def _has_other_sense(bursts: Sequence[Burst]) -> bool:
    """Tell whether the word stands anywhere but as a call, where a name would not fit."""
    texts = [line.text for burst in bursts for line in burst.lines]
    return any(_NAMED.search(_CALLED.sub("", text)) for text in texts)


def _renamed(bursts: Sequence[Burst], name: str) -> list[Burst]:
    def line_renamed(line: Line) -> Line:
        return Line(line.name, _CALLED.sub(name, line.text))

    return [replace(burst, lines=tuple(map(line_renamed, burst.lines))) for burst in bursts]


def _spoken(line: Line) -> Line:
    """Give a line as a speech recogniser writes it: lower case, few marks."""
    return Line(line.name, re.sub(r"[,.!?;:]+(?=\s|$)", "", line.text).lower() or line.text)
