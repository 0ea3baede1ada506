"""What has been run already: per conversation, token ids and their keys and values.

A request takes the sequence of its conversation that shares the longest beginning with its prompt,
runs only the rest, and gives the sequence back. Memory is bounded in tokens; the conversation that
was quiet for longest goes first. Not thread-safe: the engine's thread alone uses it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inference.kv import SequenceKV

MAX_PER_SESSION = 3  # a prompted model decides on one prompt and replies to another; one to spare


@dataclass(eq=False, slots=True)
class Kept:
    """Tokens that were run, and their keys and values; `ids` and `kv` always have equal length."""

    session: str | None
    kv: SequenceKV
    ids: list[int] = field(default_factory=list)
    in_use: bool = False


class PrefixCache:
    """Sequences kept for later, the least recently used first."""

    def __init__(self, new_kv: Callable[[], SequenceKV], *, max_tokens: int) -> None:
        self._new_kv = new_kv
        self._max_tokens = max_tokens
        self._kept: list[Kept] = []

    @property
    def num_conversations(self) -> int:
        """Number of conversations with at least one sequence kept."""
        return len({kept.session for kept in self._kept})

    @property
    def num_tokens(self) -> int:
        """Number of tokens that memory is held for."""
        return sum(kept.kv.capacity for kept in self._kept)

    def take(self, session: str | None, ids: Sequence[int]) -> Kept:
        """Give a sequence for the prompt `ids`, holding the longest beginning that is known.

        At least the last token is left to run, for its logits. A sequence that another request is
        using, or whose rest would be lost for a short common beginning, is copied, not cropped.
        Without a session the sequence is new and will not be kept.
        """
        mine = [kept for kept in self._kept if session is not None and kept.session == session]
        best = max(mine, key=lambda kept: common_prefix(kept.ids, ids), default=None)
        num_common = min(common_prefix(best.ids, ids), len(ids) - 1) if best else 0
        if best is None or not _can_serve(best, num_common):
            taken = Kept(session, self._new_kv())
        elif best.in_use or num_common < len(best.ids) // 2:
            taken = Kept(session, best.kv.copied(num_common), best.ids[:num_common])
        else:
            taken = best
            self._kept.remove(best)
            taken.kv.keep(num_common)
            del taken.ids[num_common:]
        taken.in_use = True
        self._kept.append(taken)
        self._make_room(session)
        return taken

    def give_back(self, taken: Kept, *, whole: bool = True) -> None:
        """Keep the sequence for later requests, or drop it if it may be damaged (not `whole`)."""
        taken.in_use = False
        if taken.session is None or not whole:
            self._kept.remove(taken)
        self._make_room(taken.session)

    def _make_room(self, session: str | None) -> None:
        """Drop what is too much for the conversation, then what is too much for the memory."""
        mine = [kept for kept in self._kept if kept.session == session and session is not None]
        for kept in _idle(mine)[: max(0, len(mine) - MAX_PER_SESSION)]:
            self._kept.remove(kept)
        for kept in _idle(self._kept):
            if self.num_tokens <= self._max_tokens:
                break
            self._kept.remove(kept)


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Count the tokens with which both begin."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def _idle(kept: Sequence[Kept]) -> list[Kept]:
    return [one for one in kept if not one.in_use]


def _can_serve(kept: Kept, num_common: int) -> bool:
    return kept.kv.can_crop or (num_common == len(kept.ids) and not kept.in_use)
