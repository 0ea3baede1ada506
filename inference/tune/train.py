"""Train a LoRA adapter that knows when to speak: `earshot train --base MODEL --data FILES --out DIR`.

Reads from top to bottom: read the data, load the base, learn, and write one folder with all that
serving needs. A killed run goes on where it was when the same command is given again.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import torch

from inference.chat_forms import Fitted, fitted
from inference.errors import TuneRefused
from inference.loading import located, read_tokenizer, read_weights, untuned_form
from inference.tune import checkpoint
from inference.tune.batches import Teaching, epoch
from inference.tune.dev import DevScores, dev_examples, scored
from inference.tune.examples import Example, LossWeights
from inference.tune.lessons import Curriculum, Source, read_curriculum
from inference.tune.loop import Loop, LoopOptions, Schedule
from inference.tune.lora import (
    LoraOptions,
    Precision,
    best_precision,
    dtype_of,
    save_adapter,
    with_lora,
)
from inference.tune.padding import pad_id
from inference.tune.scoring import Parting, parting_of
from inference.tune.variation import Chances
from inference.wire.chat_form import ChatForm

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TUNED_PROMPT = (
    "You are {name}, an assistant in a group chat. Speak only when you are needed. {persona}"
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """All that a run depends on; two runs with equal options and data are the same run.

    `max_steps` None means `epochs` times the data. `dev_every` and `save_every` count steps; a look
    at dev takes `dev_conversations` of each file.
    """

    base: str
    out: Path
    sources: tuple[Source, ...]
    dev: tuple[Path, ...] = ()
    hold_out: float = 0.15
    lora: LoraOptions = field(default_factory=LoraOptions)
    loop: LoopOptions = field(default_factory=lambda: LoopOptions(Schedule()))
    weights: LossWeights = field(default_factory=LossWeights)
    chances: Chances = field(default_factory=Chances)
    max_tokens: int = 1024
    epochs: float = 1.0
    max_steps: int | None = None
    quantize: Literal["auto", "none", "int8", "nf4"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    gradient_checkpointing: bool | None = None
    continue_from: Path | None = None
    seed: int = 0
    dev_every: int = 100
    dev_conversations: int = 12
    save_every: int = 50

    def mark(self) -> dict[str, Any]:
        """Give the settings that make a run what it is, as plain values."""
        plain: dict[str, Any] = asdict(self)
        for name in ("out", "dev_every", "dev_conversations", "save_every"):
            del plain[name]
        return {name: str(value) for name, value in plain.items()}


class Watcher(Protocol):
    """Hears how a run goes."""

    def begun(self, num_steps: int, *, first: int) -> None:
        """Take note that `num_steps` steps lie ahead, those before `first` done already."""

    def stepped(self, step: int, loss: float) -> None:
        """Take note of a step's loss."""

    def looked(self, step: int, scores: DevScores) -> None:
        """Take note of the AUROC on dev."""


def learn(options: TrainOptions, watcher: Watcher) -> "PeftModel":
    """Run the training and write the adapter; give the trained model.

    Raises InferenceError. A run that was killed goes on from its last saved state.
    """
    curriculum = read_curriculum(options.sources, options.dev, hold_out=options.hold_out)
    base = _load_base(options)
    teaching = Teaching(
        base.fit.renderer, base.fit.form, options.weights, options.chances, options.max_tokens
    )
    plan = _Plan(options, teaching, curriculum)
    torch.manual_seed(options.seed)
    model = with_lora(base.model, options.lora, continue_from=options.continue_from)
    loop = Loop(model, options.loop, pad_id=pad_id(base.tokenizer), precision=base.precision)
    options.out.mkdir(parents=True, exist_ok=True)
    first = _restored(loop, options, curriculum)
    watcher.begun(plan.num_steps, first=first)
    looks = dev_examples(teaching, curriculum.dev, limit=options.dev_conversations)
    for step, loss in plan.run(loop, first=first):
        watcher.stepped(step, loss)
        if (step + 1) % options.save_every == 0:
            state = {"step": step + 1, **loop.state()}
            checkpoint.save(options.out, state, settings=_mark(options, curriculum))
        if (step + 1) % options.dev_every == 0:
            watcher.looked(step, _look(loop, looks, base.parting))
    save_adapter(model, options.out, base=base.name)
    return model


@dataclass(frozen=True, slots=True)
class _Base:
    name: str
    tokenizer: "PreTrainedTokenizerBase"
    model: "PreTrainedModel"
    fit: Fitted
    precision: Precision

    @property
    def parting(self) -> Parting:
        return parting_of(self.fit.decision_ids, self.fit.form.score)


def _load_base(options: TrainOptions) -> _Base:
    where = located(options.base)
    precision = best_precision() if options.precision == "auto" else options.precision
    tokenizer = read_tokenizer(where)
    plain = untuned_form(where, tokenizer)
    fit = fitted(tuned_form(plain), tokenizer)
    if not fit.decision_ids:
        raise TuneRefused(f"the tokenizer of {where.name} gives the markers no place to part")
    model = read_weights(where, dtype=dtype_of(precision))
    return _Base(where.name, tokenizer, model, fit, precision)


def tuned_form(plain: ChatForm) -> ChatForm:
    """Give the form of a tuned model from that of the same model untuned."""
    return ChatForm(
        assistant_name=plain.assistant_name,
        decide_prompt=TUNED_PROMPT,
        chat_template=plain.chat_template,
        stop=plain.stop,
        sampling=plain.sampling,
    )


class _Plan:
    """Which examples come when: epoch after epoch, until the steps are done."""

    def __init__(self, options: TrainOptions, teaching: Teaching, curriculum: Curriculum) -> None:
        self._options = options
        self._teaching = teaching
        self._lessons = curriculum.lessons
        self._first = self._epoch(0)
        size = options.loop.batch * options.loop.accumulate
        if not self._first:
            raise TuneRefused(
                f"no data is left after cutting to {options.max_tokens} tokens: raise --max-tokens"
            )
        self._steps_an_epoch = -(-len(self._first) // size)
        self.num_steps = options.max_steps or max(1, round(options.epochs * self._steps_an_epoch))

    def run(self, loop: Loop, *, first: int) -> Iterator[tuple[int, float]]:
        """Do the steps from `first` on; give the number and the loss of each."""
        size = self._options.loop.batch * self._options.loop.accumulate
        while first < self.num_steps:
            number, done = divmod(first, self._steps_an_epoch)
            examples = (self._first if number == 0 else self._epoch(number))[done * size :]
            # Epochs of drawn data differ a little in length: each is one epoch's worth of steps.
            examples = examples[: (self._steps_an_epoch - done) * size]
            for step, loss in loop.steps(examples, first=first, num_steps=self.num_steps):
                yield step, loss
                first = step + 1
            if first % self._steps_an_epoch:
                first += self._steps_an_epoch - first % self._steps_an_epoch

    def _epoch(self, number: int) -> list[Example]:
        return epoch(self._teaching, self._lessons, seed=self._options.seed, number=number)


def _mark(options: TrainOptions, curriculum: Curriculum) -> dict[str, Any]:
    ids = [lesson.conversation.id for lesson in curriculum.lessons]
    return {**options.mark(), "conversations": ids}


def _restored(loop: Loop, options: TrainOptions, curriculum: Curriculum) -> int:
    """Give the step to go on with, 0 for a new run."""
    state = checkpoint.load(options.out, settings=_mark(options, curriculum))
    if state is None:
        return 0
    loop.restore(state)
    first: int = state["step"]
    logger.info("going on from step %d", first)
    return first


def _look(loop: Loop, looks: dict[str, list[Example]], parting: Parting) -> DevScores:
    loop.model.eval()
    with loop.computing():
        return scored(loop.model, looks, parting)
