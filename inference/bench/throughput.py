"""Decisions a second over many conversations, when messages arrive several at once.

Each of the conversations is kept and gets a message; as many as are `at_once` are decided together.
A way that takes the same time for each is timed on one conversation. Prompts are rendered before: a
server renders beside the engine; a note says what that takes. The articles' pipeline renders itself.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from inference.bench.chats import Chat, make_chats, opened_ids, rendered, with_message
from inference.bench.contest import Contest
from inference.bench.options import Say
from inference.bench.result import Column, Picture, Result, about
from inference.bench.rounds import Entry, Times, in_turns
from inference.bench.subject import Subject
from inference.bench.ways import Way

COLUMNS = (
    Column("kept", "conversations"),
    Column("history", "history"),
    Column("at once", "at_once"),
    Column("way", "way"),
    Column("decisions/s", "per_s", "{:.1f}"),
    Column("of Earshot's", "share", "{:.2f}"),
)
PICTURE = Picture("at_once", "per_s", "messages that arrive at once", "decisions a second")


@dataclass(frozen=True, slots=True)
class Load:
    """So many conversations of `history` tokens, and how many of them get messages at once."""

    conversations: int
    history: int
    at_once: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """Decisions a second; `share` is that of Earshot's rate for as many at once."""

    conversations: int
    history: int
    at_once: int
    way: str
    per_s: float
    share: float | None


def measure_throughput(
    contest: Contest,
    *,
    conversations: Sequence[int],
    histories: Sequence[int],
    at_once: Sequence[int],
    say: Say,
) -> Result:
    """Measure each number of conversations with each length of history. Raises InferenceError."""
    rows: list[Rate] = []
    for count, history in product(conversations, histories):
        fitting = tuple(sorted({min(number, count) for number in at_once}))
        say(f"decisions in {count} conversations of {history} tokens")
        rows += _rates(contest, Load(count, history, fitting))
    return Result(
        "throughput", about(contest.subject), COLUMNS, PICTURE, rows, tuple(contest.notes)
    )


@dataclass(frozen=True, slots=True)
class _Run:
    way: Way
    at_once: int
    num_chats: int
    entry: Entry


def _rates(contest: Contest, load: Load) -> list[Rate]:
    rounds = contest.bench.rounds
    made = make_chats(contest.subject, num_tokens=load.history, count=load.conversations)
    chats = [rendered(contest.subject, chat) for chat in made]
    contest.notes.append(_rendering(contest.subject, made))
    longer = [
        [rendered(contest.subject, with_message(contest.subject, chat, number)) for chat in chats]
        for number in range(rounds + 1)
    ]
    with contest.ways(num_chats=load.conversations, max_tokens=load.history) as ways:
        runs = [run for way in ways for run in _runs(way, load, chats, longer)]
        entries = [run.entry for run in runs]
        timed = in_turns(entries, rounds=rounds, notes=contest.notes)
        done = [(run, times) for run, times in zip(runs, timed, strict=True) if times is not None]
        earshot = {run.at_once: times for run, times in done if run.way is ways[0]}
    return [
        _rate(load, run, times, earshot.get(run.at_once), load.conversations) for run, times in done
    ]


def _rendering(subject: Subject, chats: Sequence[Chat]) -> str:
    began_s = time.perf_counter()
    num_tokens = sum(len(opened_ids(subject, chat)) for chat in chats)
    each_ms = 1e3 * (time.perf_counter() - began_s) / len(chats)
    return f"Rendering one of {num_tokens / len(chats):.0f} tokens takes {each_ms:.1f} ms more."


def _runs(
    way: Way, load: Load, chats: Sequence[Chat], longer: Sequence[Sequence[Chat]]
) -> Iterator[_Run]:
    num_chats = way.max_chats or load.conversations
    for at_once in (1,) if way.max_chats else load.at_once:
        yield _Run(way, at_once, num_chats, _entry(way, at_once, chats[:num_chats], longer))


def _entry(
    way: Way, at_once: int, chats: Sequence[Chat], longer: Sequence[Sequence[Chat]]
) -> Entry:
    def act(number: int) -> None:
        for begin in range(0, len(chats), at_once):
            way.decide(longer[number][: len(chats)][begin : begin + at_once])

    label = f"{way.label}, {at_once} at once"
    return Entry(label, prepare=lambda _number: way.remember(chats), act=act)


def _rate(load: Load, run: _Run, times: Times, earshot: Times | None, all_chats: int) -> Rate:
    share = None
    if earshot is not None:
        share = round(run.num_chats / all_chats / times.ratio_to(earshot), 3)
    return Rate(
        conversations=load.conversations,
        history=load.history,
        at_once=run.at_once,
        way=run.way.label,
        per_s=round(run.num_chats / times.median_s, 2),
        share=share,
    )
