"""Time one decision: on the kept prefix, and in the other ways that people go.

The articles' way is that of the articles this project grew from: render the whole chat, give it to
transformers' text-generation pipeline, and take up to 4 new tokens. All ways run in one process, in
turns, and medians are taken. The history is a chat of `Name: text` turns; the message to decide on
has 20 tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.bench.chats import Chat, make_chats, with_message
from inference.bench.contest import Contest
from inference.bench.options import Say
from inference.bench.result import Column, Picture, Result, about
from inference.bench.rounds import Entry, in_turns
from inference.bench.ways import Way

COLUMNS = (
    Column("history (tokens)", "history"),
    Column("way", "way"),
    Column("ms", "ms", "{:.1f}"),
    Column("times Earshot's", "ratio", "{:.2f}"),
)
PICTURE = Picture("history", "ms", "history (tokens)", "one decision (ms)")


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Median time of one decision after `history` tokens; `ratio` is how many times Earshot's."""

    history: int
    way: str
    ms: float
    ratio: float


def measure_decisions(contest: Contest, histories: Sequence[int], *, say: Say) -> Result:
    """Measure each length of history. Raises InferenceError."""
    rows = [cost for history in histories for cost in _costs(contest, history, say=say)]
    return Result("decide", about(contest.subject), COLUMNS, PICTURE, rows, tuple(contest.notes))


def _costs(contest: Contest, history: int, *, say: Say) -> list[DecisionCost]:
    say(f"one decision after {history} tokens")
    rounds = contest.bench.rounds
    [chat] = make_chats(contest.subject, num_tokens=history)
    longer = [with_message(contest.subject, chat, number) for number in range(rounds + 1)]
    with contest.ways(num_chats=1, max_tokens=history) as ways:
        entries = [_entry(way, chat, longer) for way in ways]
        earshot, *others = in_turns(entries, rounds=rounds, notes=contest.notes)
    if earshot is None:
        return []
    return [
        DecisionCost(
            history, times.label, round(times.median_s * 1e3, 2), round(times.ratio_to(earshot), 2)
        )
        for times in (earshot, *others)
        if times is not None
    ]


def _entry(way: Way, chat: Chat, longer: Sequence[Chat]) -> Entry:
    """Decide on the chat with another message in each round; `longer` has them."""
    return Entry(
        way.label,
        prepare=lambda _number: way.remember([chat]),
        act=lambda number: way.decide([longer[number]]),
    )
