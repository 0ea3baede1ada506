"""What has been run already: per conversation, token ids and their keys and values.

A request takes the sequence of its conversation that shares the longest beginning with its prompt,
runs only the rest, and gives the sequence back. Memory is bounded in tokens: the conversation that
was quiet for longest is parked in the host's memory, and dropped when that is full too. Not
thread-safe: the engine's thread alone uses it.
"""

import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from inference.kv import SequenceKV

MAX_PER_SESSION = 3  # a prompted model decides on one prompt and replies to another; one to spare
logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Kept:
    """Tokens that were run, and their keys and values; `ids` and `kv` always have equal length."""

    session: Hashable | None
    kv: SequenceKV
    ids: list[int] = field(default_factory=list)
    in_use: bool = False


@dataclass(slots=True)
class CacheCounts:
    """What happened in the cache; every count only grows.

    A hit is a request that found a beginning of its prompt, a return one that was brought back from
    the host's memory for it.
    """

    num_hits: int = 0
    num_misses: int = 0
    num_returned: int = 0
    num_parked: int = 0
    num_dropped: int = 0


class PrefixCache:
    """Sequences kept for later, bounded in the model's memory and in the host's.

    `max_tokens` is for the model's memory. `max_parked_tokens` 0 drops at once, as is right where
    the model runs in the host's memory anyway.
    """

    def __init__(
        self, new_kv: Callable[[], SequenceKV], *, max_tokens: int, max_parked_tokens: int = 0
    ) -> None:
        self.counts = CacheCounts()
        self._new_kv = new_kv
        self._max_tokens = max_tokens
        self._max_parked_tokens = max_parked_tokens
        self._kept: dict[Kept, None] = {}  # the least recently used first

    @property
    def num_conversations(self) -> int:
        """Number of conversations with at least one sequence in the model's memory."""
        return len({kept.session for kept in self._all(parked=False)})

    @property
    def num_parked_conversations(self) -> int:
        """Number of conversations with at least one sequence in the host's memory."""
        return len({kept.session for kept in self._all(parked=True)})

    @property
    def num_tokens(self) -> int:
        """Number of tokens that the model's memory is held for."""
        return sum(kept.kv.capacity for kept in self._all(parked=False))

    @property
    def num_parked_tokens(self) -> int:
        """Number of tokens in the host's memory."""
        return sum(kept.kv.capacity for kept in self._all(parked=True))

    def num_known(self, session: Hashable | None, ids: Sequence[int]) -> int:
        """Count the tokens of a prompt that need not be run, without taking a sequence."""
        known = [common_prefix(kept.ids, ids) for kept in self._of(session)]
        return min(max(known, default=0), len(ids) - 1)

    def take(self, session: Hashable | None, ids: Sequence[int]) -> Kept:
        """Give a sequence for the prompt `ids`, holding the longest beginning that is known.

        At least the last token is left to run, for its logits. A sequence that another request is
        using, or whose rest would be lost for a short common beginning, is copied, not cropped.
        Without a session the sequence is new and will not be kept. Memory that runs out is raised as
        torch raises it, and leaves the cache sound.
        """
        mine = self._of(session)
        best = max(mine, key=lambda kept: common_prefix(kept.ids, ids), default=None)
        num_common = min(common_prefix(best.ids, ids), len(ids) - 1) if best else 0
        if best is None or num_common == 0 or not _can_serve(best, num_common):
            taken = Kept(session, self._new_kv())
        elif best.in_use or num_common < len(best.ids) // 2:
            taken = Kept(session, best.kv.copied(num_common), best.ids[:num_common])
        else:
            self._bring_back(best)
            taken = best
            del self._kept[best]
            taken.kv.keep(num_common)
            del taken.ids[num_common:]
        if session is not None:
            self.counts.num_hits += bool(taken.ids)
            self.counts.num_misses += not taken.ids
        taken.in_use = True
        self._kept[taken] = None
        self._make_room(session)
        return taken

    def give_back(self, taken: Kept, *, whole: bool = True) -> None:
        """Keep the sequence for later requests, or drop it if it may be damaged (not `whole`)."""
        taken.in_use = False
        if taken.session is None or not whole:
            self._kept.pop(taken, None)
        self._make_room(taken.session)

    def empty(self) -> int:
        """Free the model's memory of all that is not in use; give the number of tokens freed."""
        before = self.num_tokens
        self._shrink_to(0)
        return before - self.num_tokens

    def forget(self, chosen: Callable[[Hashable], bool]) -> None:
        """Drop what is kept of the chosen sessions, except what is in use."""
        for kept in list(self._idle()):
            if chosen(kept.session):
                del self._kept[kept]

    def _all(self, *, parked: bool) -> list[Kept]:
        # A copy: the metrics are read on another thread than the engine's.
        return [kept for kept in list(self._kept) if kept.kv.is_parked == parked]

    def _of(self, session: Hashable | None) -> list[Kept]:
        return [kept for kept in self._kept if kept.session == session] if session else []

    def _bring_back(self, kept: Kept) -> None:
        """Move a parked sequence back; one that does not come back whole is dropped."""
        if not kept.kv.is_parked:
            return
        try:
            kept.kv.bring_back()
        except Exception:
            self._drop(kept)
            raise
        self.counts.num_returned += 1

    def _make_room(self, session: Hashable | None) -> None:
        """Drop what is too much for the conversation, then park what is too much for the memory."""
        mine = self._of(session)
        idle = [kept for kept in mine if not kept.in_use]
        for kept in idle[: max(0, len(mine) - MAX_PER_SESSION)]:
            self._drop(kept)
        self._shrink_to(self._max_tokens)

    def _shrink_to(self, max_tokens: int) -> None:
        too_many = self.num_tokens - max_tokens
        for kept in list(self._idle()):
            if too_many <= 0:
                break
            if not kept.kv.is_parked:
                too_many -= kept.kv.capacity
                self._park(kept)
        too_many = self.num_parked_tokens - self._max_parked_tokens
        for kept in list(self._idle()):
            if too_many <= 0:
                break
            if kept.kv.is_parked:
                too_many -= kept.kv.capacity
                self._drop(kept)

    def _park(self, kept: Kept) -> None:
        if self._max_parked_tokens < len(kept.ids) or not kept.kv.can_crop:
            self._drop(kept)
            return
        try:
            kept.kv.park()
        except (MemoryError, RuntimeError):  # torch's for memory that ran out
            logger.warning(
                "a conversation was dropped: the host's memory has no room", exc_info=True
            )
            self._drop(kept)
            return
        self.counts.num_parked += 1

    def _drop(self, kept: Kept) -> None:
        del self._kept[kept]
        self.counts.num_dropped += 1

    def _idle(self) -> Iterator[Kept]:
        return (kept for kept in self._kept if not kept.in_use)


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Count the tokens with which both begin."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def _can_serve(kept: Kept, num_common: int) -> bool:
    return kept.kv.can_crop or (num_common == len(kept.ids) and not kept.in_use)
