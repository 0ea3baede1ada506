"""Where a judge went wrong, worst first, each with the conversation around it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from inference.tune.metrics import FileDecisions, Judged, JudgedConversation

MAX_SHOWN = 25  # of each kind and file
NUM_BEFORE = 10  # messages shown of what came before, as many as people remember
NUM_AFTER = 2


@dataclass(frozen=True, slots=True)
class Confusion:
    """A wrong decision: number `index` of its conversation."""

    conversation: JudgedConversation
    index: int

    @property
    def decided(self) -> Judged:
        """The decision itself."""
        return self.conversation.decisions[self.index]

    @property
    def around(self) -> list[tuple[bool, Judged]]:
        """The decisions around it; the flag marks the wrong one."""
        first = max(0, self.index - NUM_BEFORE)
        shown = self.conversation.decisions[first : self.index + NUM_AFTER + 1]
        return [(first + at == self.index, one) for at, one in enumerate(shown)]

    @property
    def num_before(self) -> int:
        """How many decisions stand before those shown."""
        return max(0, self.index - NUM_BEFORE)


@dataclass(frozen=True, slots=True)
class Confusions:
    """The worst of each kind, and how many there are in all."""

    spoken: tuple[Confusion, ...]
    num_spoken: int
    missed: tuple[Confusion, ...]
    num_missed: int


def confusions(file: FileDecisions, *, threshold: float) -> Confusions:
    """Collect what was spoken out of place and what was missed, the surest mistakes first."""
    wrong = list(_wrong(file, threshold))
    spoken = sorted(
        (one for one in wrong if not one.decided.due), key=lambda one: -one.decided.score
    )
    missed = sorted((one for one in wrong if one.decided.due), key=lambda one: one.decided.score)
    return Confusions(
        tuple(spoken[:MAX_SHOWN]), len(spoken), tuple(missed[:MAX_SHOWN]), len(missed)
    )


def _wrong(file: FileDecisions, threshold: float) -> Iterator[Confusion]:
    for conversation in file.conversations:
        for index, decided in enumerate(conversation.decisions):
            if decided.due != (decided.score >= threshold):
                yield Confusion(conversation, index)
