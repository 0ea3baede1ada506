"""How well decisions were made: the figures of one file, from P(speak) and what was due.

Pure: knows no model and no file. A figure that a file cannot give is None: without both kinds of
message there is nothing to tell apart.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUM_DRAWS = 1000
NUM_BINS = 10
_CHUNK = 50  # draws computed at once: 50 x 20,000 decisions are 8 MB a matrix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """One decision: P(speak), and what the file has instead of a reply if `reply` is None: silence.

    `text` is what was decided on, as the model saw it; `names_assistant` tells whether it says the
    assistant's name.
    """

    score: float
    text: str
    names_assistant: bool
    reply: str | None = None

    @property
    def due(self) -> bool:
        """Whether the assistant speaks in the file."""
        return self.reply is not None


@dataclass(frozen=True, slots=True)
class JudgedConversation:
    """The decisions of one conversation, in order; `line` is where it stands in its file."""

    id: str
    line: int
    decisions: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class FileDecisions:
    """All decisions of one file, at least one."""

    name: str
    conversations: tuple[JudgedConversation, ...]

    @property
    def decisions(self) -> list[Judged]:
        """All of them in the file's order."""
        return [one for conversation in self.conversations for one in conversation.decisions]


@dataclass(frozen=True, slots=True)
class Columns:
    """Decisions as arrays of one length: (N,). `conversation` counts from 0."""

    score: Floats
    due: Flags
    named: Flags
    conversation: NDArray[np.int64]

    @property
    def has_both(self) -> bool:
        """Whether there are due messages and others."""
        return bool(self.due.any() and not self.due.all())


def columns(file: FileDecisions) -> Columns:
    """Give a file's decisions as arrays."""
    lengths = [len(conversation.decisions) for conversation in file.conversations]
    decisions = file.decisions
    return Columns(
        np.array([one.score for one in decisions], dtype=np.float64),
        np.array([one.due for one in decisions], dtype=bool),
        np.array([one.names_assistant for one in decisions], dtype=bool),
        np.repeat(np.arange(len(lengths)), lengths),
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of one file, in the order of `earshot evaluate --json`.

    `over_talk` is the share of messages that were not due and do not name the assistant on which it
    speaks, `miss_direct` that of due ones naming it on which it is silent.
    """

    file: str
    n: int
    speak_rate: float
    auroc: float | None
    auroc_low: float | None
    auroc_high: float | None
    average_precision: float | None
    f1: float | None
    macro_f1: float | None
    balanced_accuracy: float | None
    over_talk: float | None
    miss_direct: float | None
    ece: float
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """Give them as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def figures(file: FileDecisions, *, threshold: float, seed: int = 0) -> Figures:
    """Judge a file's decisions, speaking from `threshold` up.

    The interval of AUROC is 95% by bootstrap over conversations, which `seed` makes repeatable.
    Raises ValueError for a file without decisions.
    """
    data = columns(file)
    if not len(data.score):
        raise ValueError(f"{file.name} holds no decision")
    speaks = data.score >= threshold
    counts = Confusion.of(data.due, speaks)
    low, high = auroc_interval(data, seed=seed)
    return Figures(
        file=file.name,
        n=len(data.score),
        speak_rate=float(data.due.mean()),
        auroc=auroc(data),
        auroc_low=low,
        auroc_high=high,
        average_precision=_average_precision(data),
        f1=counts.f1 if data.has_both else None,
        macro_f1=counts.macro_f1 if data.has_both else None,
        balanced_accuracy=counts.balanced_accuracy if data.has_both else None,
        over_talk=over_talk(data, threshold=threshold),
        miss_direct=_share(~speaks, data.due & data.named),
        ece=calibration_error(data),
        threshold=threshold,
    )


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each of the four cases came."""

    num_spoken_due: int
    num_spoken_undue: int
    num_silent_due: int
    num_silent_undue: int

    @classmethod
    def of(cls, due: Flags, speaks: Flags) -> "Confusion":
        """Count."""
        return cls(
            int((speaks & due).sum()),
            int((speaks & ~due).sum()),
            int((~speaks & due).sum()),
            int((~speaks & ~due).sum()),
        )

    @property
    def f1(self) -> float:
        """Of speaking."""
        return _f1(self.num_spoken_due, self.num_spoken_undue + self.num_silent_due)

    @property
    def macro_f1(self) -> float:
        """The mean of speaking's and silence's."""
        wrong = self.num_spoken_undue + self.num_silent_due
        return (self.f1 + _f1(self.num_silent_undue, wrong)) / 2

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the shares of due and of other messages that are got right."""
        due = self.num_spoken_due / (self.num_spoken_due + self.num_silent_due)
        undue = self.num_silent_undue / (self.num_silent_undue + self.num_spoken_undue)
        return (due + undue) / 2


def over_talk(data: Columns, *, threshold: float) -> float | None:
    """Give the share spoken of what was neither due nor names the assistant; None if nothing is."""
    return _share(data.score >= threshold, ~data.due & ~data.named)


def auroc(data: Columns) -> float | None:
    """Give the chance that a due message scores above another one, ties counting half."""
    if not data.has_both:
        return None
    return float(_weighted_auroc(data, np.ones((1, len(data.score))))[0])


def auroc_interval(
    data: Columns, *, seed: int, num_draws: int = NUM_DRAWS
) -> tuple[float | None, float | None]:
    """Give the 95% interval of AUROC by bootstrap over conversations."""
    if not data.has_both:
        return None, None
    generator = np.random.default_rng(seed)
    num_conversations = int(data.conversation[-1]) + 1
    even = np.full(num_conversations, 1 / num_conversations)
    drawn: list[Floats] = []
    for start in range(0, num_draws, _CHUNK):
        size = min(_CHUNK, num_draws - start)
        times = generator.multinomial(num_conversations, even, size=size)
        drawn.append(_weighted_auroc(data, times[:, data.conversation].astype(np.float64)))
    values = np.concatenate(drawn)
    values = values[~np.isnan(values)]
    if not len(values):  # one conversation of many has all the due messages, and was never drawn
        return None, None
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _weighted_auroc(data: Columns, weights: Floats) -> Floats:
    """Give AUROC for each row of weights (B, N) as (B,); nan where a row leaves one kind out."""
    order = np.argsort(data.score, kind="stable")
    scores, due, weights = data.score[order], data.due[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, np.diff(scores) > 0])  # equal scores make one group
    positive = np.add.reduceat(weights * due, starts, axis=1)  # (B, groups)
    negative = np.add.reduceat(weights * ~due, starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + negative / 2)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    shares: Floats = np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return shares


def _average_precision(data: Columns) -> float | None:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(data.due, data.score)) if data.has_both else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Decisions of like P(speak): how many, what was promised and what was due, on average."""

    num: int
    promised: float
    due: float


def calibration_bins(data: Columns) -> list[Bin]:
    """Give the bins of equal width that hold a decision, the lowest first."""
    index = np.minimum((data.score * NUM_BINS).astype(int), NUM_BINS - 1)
    held = [index == number for number in range(NUM_BINS)]
    return [
        Bin(int(of.sum()), float(data.score[of].mean()), float(data.due[of].mean()))
        for of in held
        if of.any()
    ]


def calibration_error(data: Columns) -> float:
    """Give the mean distance of promised and due over the bins, each by its number of decisions."""
    gaps = [one.num * abs(one.promised - one.due) for one in calibration_bins(data)]
    return sum(gaps) / len(data.score)


def _share(flags: Flags, among: Flags) -> float | None:
    return float(flags[among].mean()) if among.any() else None


def _f1(num_right: int, num_wrong: int) -> float:
    return 2 * num_right / (2 * num_right + num_wrong) if num_right + num_wrong else 0.0
