"""Time several ways in turns, so that other load on the machine strikes all of them alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from inference.errors import InferenceError

Numbered = Callable[[int], None]
"""Does something in the round of that number, the first of which warms up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is timed: `act`, after `prepare`. `label` names it to people."""

    label: str
    prepare: Numbered
    act: Numbered


@dataclass(frozen=True, slots=True)
class Times:
    """How long an entry took in each round, in seconds."""

    label: str
    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """Give the median."""
        return statistics.median(self.seconds)

    def ratio_to(self, other: "Times") -> float:
        """Give how many times longer this took than the other, the median over rounds."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def in_turns(entries: Sequence[Entry], *, rounds: int, notes: list[str]) -> list[Times | None]:
    """Time each entry in each round; one more round goes first, to warm up.

    An entry that fails with an InferenceError is None, and a note says why.
    """
    seconds: list[list[float] | None] = [[] for _ in entries]
    for number in range(rounds + 1):
        for index, entry in enumerate(entries):
            taken = seconds[index]
            if taken is None:
                continue
            try:
                entry.prepare(number)
                taken.append(timed_s(entry.act, number))
            except InferenceError as error:
                notes.append(f"{entry.label} failed: {error}")
                seconds[index] = None
    return [
        None if taken is None else Times(entry.label, tuple(taken[1:]))
        for entry, taken in zip(entries, seconds, strict=True)
    ]


def timed_s(act: Numbered, number: int) -> float:
    """Give the seconds that one call takes, until a GPU is done with it too."""
    wait_for_gpu()
    began_s = time.perf_counter()
    act(number)
    wait_for_gpu()
    return time.perf_counter() - began_s


def wait_for_gpu() -> None:
    """Wait until a GPU has done all it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
