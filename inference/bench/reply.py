"""Tokens a second of replies, behind a decision on the same chat, and what memory allows at most.

A reply follows a decision, so what was read for that is kept by every way that keeps anything. The
limit is memory bandwidth, measured by copying, over the bytes of the weights that a token reads:
with replies in several chats at once the weights are read once for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.bench.bandwidth import bytes_per_s, bytes_per_token
from inference.bench.chats import Chat, make_chats, with_message
from inference.bench.contest import Contest
from inference.bench.llama import LlamaCpp
from inference.bench.options import Say
from inference.bench.result import Column, Picture, Result, about
from inference.bench.rounds import Entry, Times, in_turns
from inference.bench.ways import Way

COLUMNS = (
    Column("history", "history"),
    Column("at once", "at_once"),
    Column("way", "way"),
    Column("tokens/s", "tokens_per_s", "{:.1f}"),
    Column("of the limit", "limit_share", "{:.0%}"),
    Column("of Earshot's", "share", "{:.2f}"),
)
PICTURE = Picture("at_once", "tokens_per_s", "replies at once", "tokens a second, of all replies")


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written: replies of `num_tokens` tokens, so many at once, after `history` tokens."""

    num_tokens: int
    history: int
    at_once: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReplyRate:
    """Tokens a second of all replies together.

    `limit_share` is the share of the steps that memory bandwidth allows, None for other weights;
    `share` is that of Earshot's rate.
    """

    history: int
    at_once: int
    way: str
    tokens_per_s: float
    limit_share: float | None
    share: float | None


def measure_replies(contest: Contest, writing: Writing, *, say: Say) -> Result:
    """Measure each number of replies at once. Raises InferenceError."""
    say("the bandwidth of memory")
    subject = contest.subject
    bandwidth = bytes_per_s(subject.device)
    limit = bandwidth / bytes_per_token(subject.model)
    rows: list[ReplyRate] = []
    for at_once in writing.at_once:
        say(f"{at_once} replies at once")
        rows += _rates(contest, writing, at_once, limit=limit)
    told = about(subject) | {
        "reply_tokens": writing.num_tokens,
        "memory_gb_per_s": round(bandwidth / 1e9, 1),
        "limit_steps_per_s": round(limit, 1),
    }
    notes = (
        f"Limit: {limit:.1f} steps a second, at {bandwidth / 1e9:.1f} GB/s (measured).",
        *contest.notes,
    )
    return Result("reply", told, COLUMNS, PICTURE, rows, notes)


def _rates(contest: Contest, writing: Writing, at_once: int, *, limit: float) -> list[ReplyRate]:
    rounds = contest.bench.rounds
    chats = make_chats(contest.subject, num_tokens=writing.history, count=at_once)
    longer = [
        [with_message(contest.subject, chat, number) for chat in chats]
        for number in range(rounds + 1)
    ]
    with contest.ways(num_chats=at_once, max_tokens=writing.history + writing.num_tokens) as ways:
        entries = [_entry(way, chats, longer, writing.num_tokens) for way in ways]
        timed = in_turns(entries, rounds=rounds, notes=contest.notes)
    earshot = timed[0]
    return [
        _rate(_Written(writing, at_once, way, times), limit=limit, earshot=earshot)
        for way, times in zip(ways, timed, strict=True)
        if times is not None
    ]


def _entry(
    way: Way, chats: Sequence[Chat], longer: Sequence[Sequence[Chat]], num_tokens: int
) -> Entry:
    num_chats = way.max_chats or len(chats)

    def prepare(number: int) -> None:
        way.remember(chats[:num_chats])
        if not way.max_chats:  # a way that keeps nothing gains nothing by it
            way.decide(longer[number])

    def act(number: int) -> None:
        way.reply(longer[number][:num_chats], num_tokens)

    return Entry(way.label, prepare, act)


@dataclass(frozen=True, slots=True)
class _Written:
    """What one way took for replies; one that takes the same for each wrote one only."""

    writing: Writing
    at_once: int
    way: Way
    times: Times

    @property
    def num_chats(self) -> int:
        return self.way.max_chats or self.at_once


def _rate(written: _Written, *, limit: float, earshot: Times | None) -> ReplyRate:
    steps_per_s = written.writing.num_tokens / written.times.median_s
    per_s = written.num_chats * steps_per_s
    share = None
    if earshot is not None:
        share = written.num_chats / written.at_once / written.times.ratio_to(earshot)
    return ReplyRate(
        history=written.writing.history,
        at_once=written.at_once,
        way=written.way.label,
        tokens_per_s=round(per_s, 2),
        # llama.cpp reads weights of its own, so the limit is another one.
        limit_share=None if isinstance(written.way, LlamaCpp) else round(steps_per_s / limit, 3),
        share=None if share is None else round(share, 3),
    )
