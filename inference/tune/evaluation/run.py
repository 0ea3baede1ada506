"""An evaluation from its options to its figures: `earshot evaluate FILE...`.

Reads from top to bottom: read the files, find the judge, score everything, put the baselines beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from inference.errors import TuneRefused
from inference.out_of_memory import telling_memory
from inference.tune.calibrate import threshold_of
from inference.tune.evaluation.baselines import RULES, Baseline, sources_of, trained
from inference.tune.evaluation.files import Conversations, Reading, read_files
from inference.tune.evaluation.judging import Judge, judged, with_scores
from inference.tune.evaluation.local import LocalChoice, LocalJudge, local_judge, read_form
from inference.tune.evaluation.remote import RemoteChoice, remote_judge
from inference.tune.evaluation.replies import (
    Generations,
    Replies,
    judged_generations,
    judged_replies,
)
from inference.tune.evaluation.window import Naming
from inference.tune.metrics import Figures, FileDecisions, figures
from inference.tune.packages import check_packages
from inference.wire.prompted import DEFAULT_FORM


@dataclass(frozen=True, slots=True)
class Options:
    """What is judged by what. `url` None: a model on this machine.

    `baseline_data` are files as `earshot train` takes them, `reading` tells the share it left out.
    """

    files: tuple[Path, ...]
    reading: Reading = field(default_factory=lambda: Reading(Naming()))
    local: LocalChoice = field(default_factory=LocalChoice)
    url: str | None = None
    api_key: str | None = None
    max_requests: int = 4
    baseline_data: tuple[str, ...] = ()
    with_baselines: bool = False
    with_replies: bool = False
    num_generations: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judge's decisions on all files, and its figures on each."""

    name: str
    threshold: float
    files: tuple[FileDecisions, ...]
    figures: tuple[Figures, ...]

    @classmethod
    def of(cls, name: str, threshold: float, files: Sequence[FileDecisions]) -> "Judgement":
        """Judge the decisions at a threshold."""
        told = tuple(figures(file, threshold=threshold) for file in files)
        return cls(name, threshold, tuple(files), told)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The judged model first, then the baselines; `notes` are what a reader must know."""

    conversations: tuple[Conversations, ...]
    judge: Judge
    judgements: tuple[Judgement, ...]
    notes: tuple[str, ...]
    replies: Replies | None = None
    generations: tuple[Generations, ...] = ()


class Watcher(Protocol):
    """Hears how an evaluation goes."""

    def doing(self, what: str, *, total: int | None = None) -> None:
        """Take note of what is done now, in `total` steps where that is known."""

    def advance(self, num: int) -> None:
        """Take note that `num` steps are done."""


def evaluate(options: Options, watcher: Watcher) -> Evaluation:
    """Judge everything. Raises InferenceError."""
    check_packages()
    watcher.doing("reading the files")
    conversations = read_files(options.files, options.reading)
    baselines = _baselines(options, watcher)
    watcher.doing("loading the model" if options.url is None else "asking the server")
    judge = find_judge(options)
    writes = options.with_replies or options.num_generations is not None
    here = _here(judge) if writes else None
    threshold = threshold_of(judge.form.calibration)
    files = []
    for one in conversations:
        watcher.doing(one.name, total=one.num_decisions)
        files.append(judged(one, judge.scores(one.shown, watcher.advance)))
    judgements = [Judgement.of(judge.label, threshold, files)]
    judgements += [_judgement(baseline, conversations, files) for baseline in baselines]
    notes = [*judge.notes]
    if judge.form.calibration is None:
        notes.append("the model is not calibrated: it speaks from P(speak) 0.5")
    evaluation = Evaluation(tuple(conversations), judge, tuple(judgements), tuple(notes))
    return _with_words(evaluation, here, options, watcher) if here else evaluation


def _with_words(
    evaluation: Evaluation, judge: LocalJudge, options: Options, watcher: Watcher
) -> Evaluation:
    """Let the model write what the options ask for. Raises OutOfMemory."""
    files, num = evaluation.conversations, options.num_generations
    with telling_memory("the model's words were judged"):
        return replace(
            evaluation,
            replies=judged_replies(judge, files, watcher) if options.with_replies else None,
            generations=tuple(judged_generations(judge, files, num, watcher)) if num else (),
        )


def _here(judge: Judge) -> LocalJudge:
    """Give the judge as a model on this machine. Raises TuneRefused if it is behind a URL."""
    if not isinstance(judge, LocalJudge):
        raise TuneRefused(
            "--replies and --generations are for a model on this machine: leave --model-url out"
        )
    return judge


def find_judge(options: Options) -> Judge:
    """Load the model, or find it on its server. Raises InferenceError."""
    if options.url is None:
        return local_judge(options.local)
    local = options.local
    if local.adapter is not None:
        raise TuneRefused("--adapter is for a model on this machine: a server has loaded its own")
    form = read_form(local.chat_form) if local.chat_form else None
    return remote_judge(
        RemoteChoice(
            url=options.url,
            model=local.model,
            api_key=options.api_key,
            form=DEFAULT_FORM if local.prompted else form,
            persona=local.persona,
            max_requests=options.max_requests,
        )
    )


def _baselines(options: Options, watcher: Watcher) -> list[Baseline]:
    if not options.with_baselines:
        return []
    if not options.baseline_data:
        return list(RULES)
    watcher.doing("training the baseline")
    sources = sources_of(options.baseline_data)
    reading = options.reading
    return [*RULES, trained(sources, hold_out=reading.hold_out, naming=reading.naming)]


def _judgement(
    baseline: Baseline, conversations: Sequence[Conversations], files: Sequence[FileDecisions]
) -> Judgement:
    rescored = [
        with_scores(file, baseline.scores(one.shown))
        for one, file in zip(conversations, files, strict=True)
    ]
    return Judgement.of(baseline.name, baseline.threshold, rescored)
