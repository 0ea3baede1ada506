"""A look at dev while training: the AUROC of each held-out file, on a few of its conversations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from inference.tune.batches import Lesson, Teaching
from inference.tune.examples import Example
from inference.tune.lessons import DevFile
from inference.tune.scoring import Parting, decision_scores
from inference.tune.variation import UNVARIED

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class DevScores:
    """AUROC by file (None where a file holds one label only), and the share spoken at P >= 0.5."""

    auroc: dict[str, float | None]
    spoken: dict[str, float]

    @property
    def mean_auroc(self) -> float | None:
        """The mean over the files that have one."""
        known = [value for value in self.auroc.values() if value is not None]
        return fmean(known) if known else None


def dev_examples(
    teaching: Teaching, files: Sequence[DevFile], *, limit: int
) -> dict[str, list[Example]]:
    """Give the examples of the first `limit` conversations of each file, as they are."""
    plain = replace(teaching, chances=UNVARIED)
    return {
        file.name: [
            example
            for conversation in file.conversations[:limit]
            for example in plain.examples(Lesson(conversation), Random(0))
        ]
        for file in files
    }


def scored(
    model: "PreTrainedModel | PeftModel", files: dict[str, list[Example]], parting: Parting
) -> DevScores:
    """Score every decision of the examples."""
    from sklearn.metrics import roc_auc_score

    auroc: dict[str, float | None] = {}
    spoken: dict[str, float] = {}
    for name, examples in files.items():
        labels = [decided.speaks for example in examples for decided in example.decisions]
        scores = [
            score for example in examples for score in decision_scores(model, example, parting)
        ]
        both = 0 < sum(labels) < len(labels)
        auroc[name] = float(roc_auc_score(labels, scores)) if both else None
        spoken[name] = fmean(score >= 0.5 for score in scores) if scores else 0.0
    return DevScores(auroc, spoken)
