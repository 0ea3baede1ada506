"""Which conversations run in the next step, and how many tokens of each.

Pure. Short rests of prompts, which are mostly decisions, come first, and together; where they keep
coming, every other step has the answers under way as well, a token each, or a chunk of a long
prompt, which is alone among prompts. So a decision waits for one token or one chunk at most,
whatever else is going on, and nobody waits for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one step, in tokens and conversations.

    A prompt is short up to `short_tokens`: a message or a burst of some. `chunk_tokens` is how much
    of a long one runs at once, `step_tokens` what all short ones of a step may have together,
    `max_rows` how many conversations run at once.
    """

    short_tokens: int = 80
    chunk_tokens: int = 128
    step_tokens: int = 640
    max_rows: int = 64


# A GPU runs 2,000 tokens in about the time that a CPU takes for a hundred.
GPU_LIMITS = Limits(short_tokens=256, chunk_tokens=2048, step_tokens=4096, max_rows=256)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A generation as the schedule sees it: the tokens it has to run, and whether it writes."""

    num_pending: int
    is_writing: bool


@dataclass(frozen=True, slots=True)
class Due:
    """What was passed over in the last step, and must not be in the next."""

    long: bool = False
    writing: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The places of the generations that run, with the number of tokens of each; what is due then."""

    rows: tuple[tuple[int, int], ...]
    due: Due


def choose(waiting: Sequence[Waiting], limits: Limits, due: Due) -> Chosen:
    """Choose from generations in the order in which they came."""
    writing = [(at, one.num_pending) for at, one in enumerate(waiting) if one.is_writing]
    prompts = [(at, one.num_pending) for at, one in enumerate(waiting) if not one.is_writing]
    long = [(at, count) for at, count in prompts if count > limits.short_tokens]
    short = [(at, count) for at, count in prompts if count <= limits.short_tokens]
    if short and not due.writing and not (long and due.long):
        rows = _fitting(short, limits.step_tokens, limits.max_rows)
        return Chosen(tuple(rows), Due(long=bool(long), writing=bool(writing)))
    writing = writing[: limits.max_rows]
    if long and (due.long or not short):
        at, count = long[0]
        return Chosen((*writing, (at, min(count, limits.chunk_tokens))), Due())
    rows = _fitting(short, limits.step_tokens, limits.max_rows - len(writing))
    return Chosen((*writing, *rows), Due(long=bool(long)))


def _fitting(
    short: Sequence[tuple[int, int]], max_tokens: int, max_rows: int
) -> list[tuple[int, int]]:
    """Take prompts in order as long as they fit; the first always does."""
    taken: list[tuple[int, int]] = []
    num_tokens = 0
    for at, count in short[: max(1, max_rows)]:
        if taken and num_tokens + count > max_tokens:
            break
        taken.append((at, count))
        num_tokens += count
    return taken
