"""Train a LoRA adapter that knows when to speak: `earshot train --base MODEL --data FILES --out DIR`.

Reads from top to bottom: read the data, find the base, learn, and write one folder with all that
serving needs. A killed run goes on where it was when the same command is given again.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import torch

from inference.adapters import check_covers, check_fits as check_adapter_fits
from inference.errors import TuneRefused
from inference.loading import read_config
from inference.out_of_memory import telling_memory
from inference.outline import without_weights
from inference.tune.base import Base, BaseOptions, Settled, find_base
from inference.tune.batches import Teaching
from inference.tune.checkpoint import Checkpoint
from inference.tune.dev import DevScores, dev_examples, judged_dev, looked_at
from inference.tune.examples import LossWeights
from inference.tune.finish import WRITTEN, Record, write_adapter
from inference.tune.lessons import Curriculum, Source, read_curriculum
from inference.tune.loop import Loop, LoopOptions, Schedule
from inference.tune.lora import LoraOptions, size_of, with_lora
from inference.tune.memory import Setting, check_fits, free_memory, trainable
from inference.tune.packages import check_packages
from inference.tune.padding import pad_id
from inference.tune.plan import Amount, Plan
from inference.tune.split import HOLD_OUT
from inference.tune.variation import Chances


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """All that a run depends on; two runs with equal options and data are the same run.

    `max_steps` None means `epochs` times the data.
    """

    base: BaseOptions
    sources: tuple[Source, ...]
    dev: tuple[Path, ...] = ()
    hold_out: float = HOLD_OUT
    lora: LoraOptions = field(default_factory=LoraOptions)
    loop: LoopOptions = field(default_factory=lambda: LoopOptions(Schedule()))
    weights: LossWeights = field(default_factory=LossWeights)
    chances: Chances = field(default_factory=Chances)
    max_tokens: int = 1024
    epochs: float = 1.0
    max_steps: int | None = None
    continue_from: Path | None = None
    license: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Looks:
    """How often a run looks at dev and saves its state, in steps; what it looks at, by file."""

    dev_every: int = 100
    save_every: int = 25
    num_conversations: int = 12


LOOKS = Looks()
LESS_AT_ONCE = "begin anew with --batch 1 and a larger --accumulate, or a smaller --max-tokens"


class Watcher(Protocol):
    """Hears how a run goes."""

    def warned(self, text: str) -> None:
        """Take note of what whoever trains ought to know."""

    def doing(self, what: str) -> None:
        """Take note of what goes on outside the steps."""

    def begun(self, num_steps: int, *, first: int) -> None:
        """Take note that `num_steps` steps lie ahead, those before `first` done already."""

    def stepped(self, step: int, loss: float) -> None:
        """Take note of a step's loss."""

    def looked(self, step: int, scores: DevScores) -> None:
        """Take note of the AUROC on dev."""


def train(
    options: TrainOptions,
    out: Path,
    watcher: Watcher,
    *,
    fresh: bool = False,
    looks: Looks = LOOKS,
) -> None:
    """Run a training and write its folder. Raises InferenceError, with nothing half-written.

    A run that was killed goes on from its last saved state.
    """
    check_packages()
    watcher.doing("reading the data")
    curriculum = read_curriculum(options.sources, options.dev, hold_out=options.hold_out)
    base = find_base(options.base)
    fit = base.fit
    teaching = Teaching(
        fit.renderer, fit.form, options.weights, options.chances, options.max_tokens
    )
    amount = Amount(options.loop.step_size, options.epochs, options.max_steps)
    plan = Plan(teaching, curriculum.lessons, amount, seed=options.seed)
    saved = Checkpoint(out, mark(options, base.settled, curriculum))
    if (adapter := options.continue_from) is not None:
        options = replace(options, lora=size_of(adapter))
        _check_adapter(base, adapter)
    check_memory(base, options)
    if fresh:
        saved.remove()
    state = saved.load()
    _check_folder(out, fresh=fresh or state is not None)
    for text in curriculum.warnings:
        watcher.warned(text)
    watcher.doing(f"loading {base.where.name}")
    torch.manual_seed(options.seed)
    model = with_lora(base.read(), options.lora, continue_from=options.continue_from)
    loop = Loop(
        model,
        options.loop,
        pad_id=pad_id(base.tokenizer, vocab_size=len(model.get_input_embeddings().weight)),
        precision=base.settled.precision,
    )
    if state is not None:
        loop.restore(state)
    first: int = state["step"] if state else 0
    shown = dev_examples(teaching, curriculum.dev, limit=looks.num_conversations)
    watcher.begun(plan.num_steps, first=first)
    with telling_memory("the model learned", remedy=LESS_AT_ONCE):
        for step, loss in plan.run(loop, first=first):
            watcher.stepped(step, loss)
            if (step + 1) % looks.save_every == 0:
                saved.save({"step": step + 1, **loop.state()})
            if (step + 1) % looks.dev_every == 0:
                watcher.looked(step, looked_at(loop, shown, base.parting))
    saved.save({"step": plan.num_steps, **loop.state()})
    watcher.doing("scoring what was held out")
    dev = judged_dev(loop, base, curriculum.dev)
    settings = _told(options, base, num_steps=plan.num_steps)
    write_adapter(model, base, out, Record(settings, curriculum, dev, options.license))
    saved.remove()


def _check_adapter(base: Base, adapter: Path) -> None:
    """Refuse an adapter of another base before anything large is read. Raises AdapterBroken."""
    empty = without_weights(read_config(base.where))
    check_adapter_fits(empty, adapter, base=base.where.public_name)
    check_covers(empty, adapter)


def check_memory(base: Base, options: TrainOptions) -> None:
    """Refuse a run that will not fit, before anything large is read. Raises TuneRefused."""
    free, device = free_memory()
    settled, loop = base.settled, options.loop
    setting = Setting(
        quantize=settled.quantize,
        precision=settled.precision,
        rank=options.lora.rank,
        dropout=options.lora.dropout > 0,
        batch=loop.batch,
        accumulate=loop.accumulate,
        max_tokens=options.max_tokens,
        gradient_checkpointing=settled.gradient_checkpointing,
        learns_everything=options.weights.other > 0,
    )
    check_fits(trainable(read_config(base.where)), setting, free=free, device=device)


def mark(options: TrainOptions, settled: Settled, curriculum: Curriculum) -> list[str]:
    """Give what makes a run itself: its settings, what it learns from and what it is judged by.

    `settled` is what "auto" came to: half a run in bf16 and half in fp16 would be neither.
    """
    lessons, dev = map(repr, curriculum.lessons), map(repr, curriculum.dev)
    return [repr(options), repr(settled), *lessons, *dev]


def _check_folder(out: Path, *, fresh: bool) -> None:
    """Refuse a folder that cannot be written to, or holds what would be lost. Raises TuneRefused."""
    there = [name for name in WRITTEN if (out / name).exists()]
    if there and not fresh:
        raise TuneRefused(
            f"{out} holds {', '.join(there)} already: take another --out, or --fresh to write over that"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".try").touch()
        (out / ".try").unlink()
    except OSError as error:
        raise TuneRefused(
            f"{out} cannot be written to ({error.strerror}): take another --out"
        ) from error


def _told(options: TrainOptions, base: Base, *, num_steps: int) -> dict[str, object]:
    """Give the settings that a card tells."""
    loop, weights = options.loop, options.weights
    return {
        "rank": options.lora.rank,
        "alpha": options.lora.alpha,
        "dropout": options.lora.dropout,
        "quantisation of the base": base.settled.quantize,
        "computed in": base.settled.precision,
        "learning rate": loop.schedule.lr,
        "schedule": loop.schedule.kind,
        "steps": num_steps,
        "examples a step": loop.step_size,
        "tokens an example, at most": options.max_tokens,
        "loss on": "everything" if weights.other else "completions",
        "weight of a due decision": weights.speak,
        "weight of a reply's token": weights.reply,
        "goes on from another adapter": options.continue_from is not None,
        "seed": options.seed,
    }
