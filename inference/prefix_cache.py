"""What has been run already: per conversation, token ids and their keys and values.

A request takes the sequence of its conversation that shares the longest beginning with its prompt,
runs only the rest, and gives the sequence back. Memory is bounded in tokens: the conversation that
was quiet for longest is parked in the host's memory, and dropped when that is full too. Not
thread-safe: the engine's thread alone uses it.
"""

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from inference.kv import SequenceKV

MAX_PER_SESSION = 3  # a prompted model decides on one prompt and replies to another; one to spare
_CHUNK = 128  # ids that are compared at once
logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Kept:
    """Tokens that were run, and their keys and values; `ids` and `kv` always have equal length."""

    session: Hashable | None
    kv: SequenceKV
    ids: list[int] = field(default_factory=list)
    in_use: bool = False

    def can_serve(self, num_common: int) -> bool:
        """Tell whether it can be had as long as `num_common` tokens, itself or a copy."""
        return self.kv.can_crop or (num_common == len(self.ids) and not self.in_use)


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


class _Shelf:
    """Sequences that lie in the same place, the one that was put there first comes first.

    Only what they hold is counted, and that as it was when they were put there. What other threads
    read are copies and a number.
    """

    def __init__(self) -> None:
        self.num_tokens = 0
        self._num_held: dict[Kept, int] = {}

    def put(self, kept: Kept, *, num_coming: int = 0) -> None:
        """Add a sequence; `num_coming` is how many tokens it will have soon."""
        self._num_held[kept] = max(kept.kv.capacity, num_coming)
        self.num_tokens += self._num_held[kept]

    def take(self, kept: Kept) -> bool:
        """Take a sequence away; False if it is not here."""
        num_held = self._num_held.pop(kept, None)
        self.num_tokens -= num_held or 0
        return num_held is not None

    def first(self) -> Kept | None:
        """Give the sequence that has been here for longest, None if there is none."""
        return next(iter(self._num_held), None)

    def sessions(self) -> set[Hashable]:
        """Give the conversations that have a sequence here."""
        return {kept.session for kept in list(self._num_held) if kept.session is not None}


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
        self._in_use, self._idle, self._parked = _Shelf(), _Shelf(), _Shelf()
        self._of: dict[Hashable, list[Kept]] = {}  # by session, the least recently used first

    @property
    def num_conversations(self) -> int:
        """Number of conversations with at least one sequence in the model's memory."""
        return len(self._idle.sessions() | self._in_use.sessions())

    @property
    def num_parked_conversations(self) -> int:
        """Number of conversations with at least one sequence in the host's memory."""
        return len(self._parked.sessions())

    @property
    def num_tokens(self) -> int:
        """Number of tokens that the model's memory is held for, or soon will be."""
        return self._idle.num_tokens + self._in_use.num_tokens

    @property
    def num_parked_tokens(self) -> int:
        """Number of tokens in the host's memory."""
        return self._parked.num_tokens

    def num_known(self, session: Hashable | None, ids: Sequence[int]) -> int:
        """Count the tokens of a prompt that need not be run, without taking a sequence."""
        return self._best(session, ids)[1]

    def take(self, session: Hashable | None, ids: Sequence[int]) -> Kept:
        """Give a sequence for the prompt `ids`, holding the longest beginning that is known.

        At least the last token is left to run, for its logits. A sequence that another request is
        using, or whose rest would be lost for a short common beginning, is copied, not cropped.
        Without a session the sequence is new and will not be kept. Memory that runs out is raised as
        torch raises it, and leaves the cache sound.
        """
        best, num_common = self._best(session, ids)
        if best is None:
            taken = Kept(session, self._new_kv())
        elif best.in_use or num_common < len(best.ids) // 2:
            taken = Kept(session, best.kv.copied(num_common), best.ids[:num_common])
        else:
            self._bring_back(best)
            taken = best
            self._remove(best)
            taken.kv.keep(num_common)
            del taken.ids[num_common:]
        if session is not None:
            self.counts.num_hits += bool(taken.ids)
            self.counts.num_misses += not taken.ids
            self._of.setdefault(session, []).append(taken)
        taken.in_use = True
        self._in_use.put(taken, num_coming=len(ids))
        self._make_room(session)
        return taken

    def give_back(self, taken: Kept, *, whole: bool = True) -> None:
        """Keep the sequence for later requests, or drop it if it may be damaged (not `whole`)."""
        if not self._in_use.take(taken):
            return
        taken.in_use = False
        self._idle.put(taken)
        if taken.session is None or not whole:
            self._remove(taken)
        self._make_room(taken.session)

    def empty(self) -> int:
        """Free the model's memory of all that is not in use; give the number of tokens freed."""
        before = self.num_tokens
        self._shrink_to(0)
        return before - self.num_tokens

    def forget(self, chosen: Callable[[Hashable], bool]) -> None:
        """Drop what is kept of the chosen sessions, except what is in use."""
        for session in [session for session in self._of if chosen(session)]:
            for kept in [kept for kept in self._of[session] if not kept.in_use]:
                self._remove(kept)

    def _best(self, session: Hashable | None, ids: Sequence[int]) -> tuple[Kept | None, int]:
        """Give the sequence that saves most of a prompt, and how many tokens; None if none does."""
        best, most, num_saved = None, 0, 0
        for kept in self._of.get(session, ()):
            num_common = common_prefix(kept.ids, ids)
            usable = min(num_common, len(ids) - 1)
            if num_common > most and usable > 0 and kept.can_serve(usable):
                best, most, num_saved = kept, num_common, usable
        return best, num_saved

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
        mine = self._of.get(session, [])
        if len(mine) > MAX_PER_SESSION:
            idle = [kept for kept in mine if not kept.in_use]
            for kept in idle[: len(mine) - MAX_PER_SESSION]:
                self._drop(kept)
        self._shrink_to(self._max_tokens)

    def _shrink_to(self, max_tokens: int) -> None:
        while self.num_tokens > max_tokens and (kept := self._idle.first()):
            self._park(kept)
        while self.num_parked_tokens > self._max_parked_tokens and (kept := self._parked.first()):
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
        self._idle.take(kept)
        self._parked.put(kept)
        self.counts.num_parked += 1

    def _drop(self, kept: Kept) -> None:
        self._remove(kept)
        self.counts.num_dropped += 1

    def _remove(self, kept: Kept) -> None:
        """Take a sequence that is not in use off its shelf and from its conversation."""
        _ = self._idle.take(kept) or self._parked.take(kept)
        if kept.session is not None:
            self._of[kept.session].remove(kept)
            if not self._of[kept.session]:
                del self._of[kept.session]


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Count the tokens with which both begin."""
    left, right = tuple(left), tuple(right)  # a list never equals a tuple
    shorter = min(len(left), len(right))
    for begin in range(0, shorter, _CHUNK):
        one, other = left[begin : begin + _CHUNK], right[begin : begin + _CHUNK]
        if one != other:
            differ = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
            return begin + next(differ, shorter - begin)
    return shorter
