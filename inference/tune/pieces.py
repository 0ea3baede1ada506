"""Cut long conversations into pieces that fit: at the front, never at the end.

Pure. The last piece always reaches the end. Each piece but the first begins with a few bursts that
are only there to be read; the piece before it has learned them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

NUM_CONTEXT = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """The bursts from `start` to before `end`, the first `num_context` of them without loss."""

    start: int
    end: int
    num_context: int


def pieces(lengths: Sequence[int], *, max_tokens: int) -> list[Piece]:
    """Cut a conversation whose bursts have `lengths` tokens; a piece has at most `max_tokens`.

    The pieces come in the order of the conversation. A burst that is too long by itself is in none.
    """
    found: list[Piece] = []
    end = len(lengths)
    while end > 0:
        start, room = end, max_tokens
        while start > 0 and lengths[start - 1] <= room:
            start -= 1
            room -= lengths[start]
        if start == end:  # too long by itself: go on in front of it
            end -= 1
            continue
        num_context = _num_context(lengths, start, end, max_tokens) if start > 0 else 0
        found.append(Piece(start, end, num_context))
        end = start + num_context if start > 0 else 0
    return found[::-1]


def _num_context(lengths: Sequence[int], start: int, end: int, max_tokens: int) -> int:
    """Give how many bursts from `start` on can be left to a piece that reaches further back."""
    room = max_tokens - lengths[start - 1]
    most = min(NUM_CONTEXT, (end - start) // 2)
    num_context = 0
    while num_context < most and lengths[start + num_context] <= room:
        room -= lengths[start + num_context]
        num_context += 1
    return num_context
