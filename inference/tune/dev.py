"""What is held out, looked at: an AUROC now and then while training, all decisions at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean

from inference.loading import context_of
from inference.tune.base import Base
from inference.tune.batches import Lesson, Teaching
from inference.tune.evaluation.files import Conversations
from inference.tune.evaluation.judging import judged
from inference.tune.evaluation.local import LocalJudge
from inference.tune.evaluation.window import Naming, Shown
from inference.tune.examples import Example
from inference.tune.lessons import DevFile
from inference.tune.loop import Loop
from inference.tune.metrics import FileDecisions
from inference.tune.scoring import Parting, decision_scores
from inference.tune.variation import UNVARIED
from inference.wire.conversation_file import FileConversation

MAX_CONVERSATIONS = 60  # of a file; scoring all of a large one would take as long as learning


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
    """Give the examples of `limit` conversations of each file, as they are."""
    plain = replace(teaching, chances=UNVARIED)
    return {
        file.name: [
            example
            for conversation in _spread(file.conversations, limit)
            for example in plain.examples(Lesson(conversation), Random(0))
        ]
        for file in files
    }


def looked_at(loop: Loop, files: dict[str, list[Example]], parting: Parting) -> DevScores:
    """Score every decision of the examples with the model as it is."""
    from sklearn.metrics import roc_auc_score

    auroc: dict[str, float | None] = {}
    spoken: dict[str, float] = {}
    for name, examples in files.items():
        labels = [decided.speaks for example in examples for decided in example.decisions]
        with loop.judging():
            scores = [
                score
                for example in examples
                for score in decision_scores(loop.model, example, parting)
            ]
        both = 0 < sum(labels) < len(labels)
        auroc[name] = float(roc_auc_score(labels, scores)) if both else None
        spoken[name] = fmean(score >= 0.5 for score in scores) if scores else 0.0
    return DevScores(auroc, spoken)


def judged_dev(
    loop: Loop, base: Base, files: Sequence[DevFile], *, limit: int = MAX_CONVERSATIONS
) -> list[FileDecisions]:
    """Give the decisions on `limit` conversations of each file, as an evaluation would."""
    judge = LocalJudge(
        label=base.where.name,
        model=loop.model,  # type: ignore[arg-type]  # peft's wrapper answers as what it wraps
        tokenizer=base.tokenizer,
        renderer=base.fit.renderer,
        form=base.fit.form,
        parting=base.parting,
        context=context_of(loop.model.config),
    )
    found = []
    for file in files:
        shown = tuple(Shown(one, Naming()) for one in _spread(file.conversations, limit))
        with loop.judging():
            scores = judge.scores(shown, lambda _: None)
        found.append(judged(Conversations(file.name, shown), scores))
    return found


def _spread(conversations: Sequence[FileConversation], limit: int) -> Sequence[FileConversation]:
    """Take `limit` conversations at even distances: a file often has one topic after the other."""
    step = max(1.0, len(conversations) / limit)
    return [conversations[int(number * step)] for number in range(min(limit, len(conversations)))]
