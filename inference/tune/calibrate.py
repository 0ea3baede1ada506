"""Choose the one threshold on P(speak), and what each step of the dial means. Pure.

P(speak) itself stays what serving computes: nothing is fitted to it. The threshold is chosen over
several kinds of chat at once, each counting the same, so that none of them is tuned to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.tune.metrics import Columns, FileDecisions, Floats, columns
from inference.wire.chat_form import Calibration, CalibrationStep

MAX_PEOPLE_ONLY_TALK = 0.01  # of messages among people who have no assistant with them
# In macro F1, for a share of 1: a word out of place, and more so silence to a call by name, cost more
# than one error among others.
OVER_TALK_COST = 0.5
MISSED_CALL_COST = 0.75
NEAR_BEST = 0.002  # in macro F1: less is chance, so the middle of all that are so good is taken
DEFAULT_EAGERNESS = 50
_LOGITS = np.linspace(-9.0, 9.0, 721)
CANDIDATES: Floats = 1 / (1 + np.exp(-_LOGITS))


def calibration_of(files: Sequence[FileDecisions]) -> Calibration:
    """Give the dial for a model from its decisions on files it has not learned from.

    Eagerness 50 is the threshold chosen for all of them, 0 the threshold 1, 100 the threshold 0. In
    between the expected share of ambient messages answered rises: evenly up to 50, then by the same
    factor a step. It is the mean over the files, of messages that do not name the assistant. Raises
    ValueError without decisions.
    """
    known = [columns(file) for file in files if file.decisions]
    if not known:
        raise ValueError("there is no decision to calibrate with")
    chosen = _threshold(known)
    ambient = _Ambient.of(known)
    usual = ambient.share(chosen)
    steps = [CalibrationStep(0, 1.0, 0.0)]
    for eagerness in range(10, 100, 10):
        threshold = chosen
        if eagerness != DEFAULT_EAGERNESS:
            threshold = ambient.threshold(_wanted(eagerness, usual))
        threshold = max(threshold, chosen) if eagerness < DEFAULT_EAGERNESS else threshold
        threshold = min(threshold, steps[-1].threshold)
        steps.append(CalibrationStep(eagerness, threshold, ambient.share(threshold)))
    return Calibration((*steps, CalibrationStep(100, 0.0, 1.0)))


def threshold_of(calibration: Calibration | None) -> float:
    """Give the threshold at the usual eagerness; 0.5 for a model that is not calibrated."""
    steps = calibration.steps if calibration else ()
    usual = (step.threshold for step in steps if step.eagerness == DEFAULT_EAGERNESS)
    return next(usual, 0.5)


def _threshold(files: Sequence[Columns]) -> float:
    """Give the candidate of the best mean macro F1 less over-talk and missed calls by name.

    It is quiet enough in every chat of people only; where none is the most cautious one is taken.
    """
    curves = [_Curves.of(data) for data in files]
    alone = [one.over_talk for one in curves if not one.has_due]
    quiet = np.all([talk <= MAX_PEOPLE_ONLY_TALK for talk in alone], axis=0) if alone else True
    allowed = np.broadcast_to(quiet, CANDIDATES.shape)
    if not allowed.any():
        return float(CANDIDATES[-1])
    judged = [one.macro_f1 for one in curves if one.has_both]
    missed = [one.missed for one in curves if one.missed is not None]
    worth = _mean(judged) - MISSED_CALL_COST * _mean(missed)
    worth -= OVER_TALK_COST * _mean([one.over_talk for one in curves])
    worth = np.where(allowed, worth, -np.inf)
    good = np.flatnonzero(worth >= worth.max() - NEAR_BEST)
    around = [run for run in _runs(good) if worth.argmax() in run]
    return round(float(CANDIDATES[around[0][len(around[0]) // 2]]), 4)


def _mean(curves: Sequence[Floats]) -> Floats:
    return np.mean(curves, axis=0) if curves else np.zeros(CANDIDATES.shape)


def _runs(indexes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut ascending indexes where one is left out."""
    return np.split(indexes, np.flatnonzero(np.diff(indexes) > 1) + 1)


@dataclass(frozen=True, slots=True)
class _Curves:
    """Macro F1, over-talk and missed calls of a file at each candidate. (candidates,).

    `missed` is None where no due message names the assistant.
    """

    macro_f1: Floats
    over_talk: Floats
    missed: Floats | None
    has_due: bool
    has_both: bool

    @classmethod
    def of(cls, data: Columns) -> "_Curves":
        loose = data.score[~data.due & ~data.named]
        spoken_due = _num_from(data.score[data.due])
        spoken_undue = _num_from(data.score[~data.due])
        num_due, num_undue = int(data.due.sum()), int((~data.due).sum())
        wrong = spoken_undue + num_due - spoken_due
        silent_undue = num_undue - spoken_undue
        f1 = 2 * spoken_due / np.maximum(1, 2 * spoken_due + wrong)
        f1_silent = 2 * silent_undue / np.maximum(1, 2 * silent_undue + wrong)
        talk = _num_from(loose) / max(1, len(loose))
        calls = data.score[data.due & data.named]
        missed = 1 - _num_from(calls) / len(calls) if len(calls) else None
        return cls((f1 + f1_silent) / 2, talk, missed, num_due > 0, data.has_both)


def _num_from(scores: Floats) -> Floats:
    """Count for each candidate the scores that reach it."""
    return (len(scores) - np.searchsorted(np.sort(scores), CANDIDATES)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Ambient:
    """The scores of messages that do not name the assistant, a sorted array a file."""

    files: tuple[Floats, ...]

    @classmethod
    def of(cls, files: Sequence[Columns]) -> "_Ambient":
        loose = (np.sort(data.score[~data.named]) for data in files)
        return cls(tuple(scores for scores in loose if len(scores)))

    def share(self, threshold: float) -> float:
        """Give the expected share answered at a threshold."""
        answered = [1 - np.searchsorted(scores, threshold) / len(scores) for scores in self.files]
        return round(float(np.mean(answered)), 4) if answered else 0.0

    def threshold(self, share: float) -> float:
        """Give the lowest threshold, to six digits, at which no more than `share` is answered."""
        low, high = 0, 10**6
        while low < high:
            middle = (low + high) // 2
            if self.share(middle / 10**6) <= share:
                high = middle
            else:
                low = middle + 1
        return low / 10**6


def _wanted(eagerness: int, usual: float) -> float:
    """Give the share to be answered at an eagerness, `usual` being that at 50."""
    if eagerness <= DEFAULT_EAGERNESS:
        return usual * eagerness / DEFAULT_EAGERNESS
    above = (eagerness - DEFAULT_EAGERNESS) / (100 - DEFAULT_EAGERNESS)
    return float(max(usual, 0.001) ** (1 - above))
