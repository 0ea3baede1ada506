"""The training loop: plain, one optimiser step after the other, able to go on after a kill.

Knows tensors and examples; files of conversations, forms and cards are `train`'s business.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch

from inference.errors import TuneRefused
from inference.tune.batches import batch
from inference.tune.examples import Example
from inference.tune.lora import Precision, dtype_of, trainable
from inference.tune.losses import weighted_loss

if TYPE_CHECKING:
    from peft import PeftModel


MAX_LOST_STEPS = 10  # in a row: the loss scale halves at each, and a thousandth of it is no help


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate: linear warmup over a share of all steps, then constant or a cosine to 0."""

    lr: float = 2e-4
    kind: Literal["constant", "cosine"] = "constant"
    warmup: float = 0.03

    def at(self, step: int, num_steps: int) -> float:
        """Give the learning rate of `step`, which counts from 0."""
        num_warmup = max(1, round(self.warmup * num_steps))
        if step < num_warmup:
            return self.lr * (step + 1) / num_warmup
        if self.kind == "constant":
            return self.lr
        done = (step - num_warmup) / max(1, num_steps - num_warmup)
        return self.lr * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """`batch` examples run at once, `accumulate` such batches make one step.

    Gradients are cut to a norm of `max_grad_norm`; 0 leaves them as they are.
    """

    schedule: Schedule
    batch: int = 4
    accumulate: int = 2
    max_grad_norm: float = 0.3

    @property
    def step_size(self) -> int:
        """How many examples make a step."""
        return self.batch * self.accumulate


class Loop:
    """A model being trained. `state` and `restore` carry it over a restart, to the bit."""

    def __init__(
        self, model: "PeftModel", options: LoopOptions, *, pad_id: int, precision: Precision
    ) -> None:
        self.model = model
        self._options = options
        self._pad_id = pad_id
        self._precision = precision
        self._parameters = trainable(model)
        self._optimizer = torch.optim.AdamW(self._parameters, lr=0.0, weight_decay=0.0)
        self._num_lost = 0
        # fp16 gradients are so small that they vanish unless the loss is scaled up first.
        self._scaler = torch.amp.GradScaler(
            model.device.type, enabled=precision == "fp16" and model.device.type == "cuda"
        )

    def step(self, examples: Sequence[Example], *, step: int, num_steps: int) -> float:
        """Learn from the examples of one step, `step` of `num_steps`; give their loss before it."""
        self.model.train()
        for group in self._optimizer.param_groups:
            group["lr"] = self._options.schedule.at(step, num_steps)
        total_weight = sum(sum(example.weights) for example in examples)
        # Examples of like length side by side: less padding. Their order within a step is free.
        ordered = sorted(examples, key=lambda example: len(example.ids))
        loss_of_step = 0.0
        for part in groups(ordered, self._options.batch):
            with self._computing():
                loss = weighted_loss(
                    self.model, batch(part, pad_id=self._pad_id), total_weight=total_weight
                )
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            loss_of_step += float(loss.detach())
        self._check(loss_of_step)
        self._scaler.unscale_(self._optimizer)
        if self._options.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(self._parameters, self._options.max_grad_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        return loss_of_step

    def _check(self, loss: float) -> None:
        """Refuse to go on with a loss that is no number; in fp16 some such steps are skipped."""
        self._num_lost = 0 if math.isfinite(loss) else self._num_lost + 1
        if self._num_lost > (MAX_LOST_STEPS if self._scaler.is_enabled() else 0):
            raise TuneRefused(
                "the loss is no number any more: lower --lr, or take --precision fp32"
            )

    def judging(self) -> AbstractContextManager[None]:
        """Give the context in which the model, as it is now, can be asked for decisions."""
        self.model.eval()
        return self._computing()

    def _computing(self) -> AbstractContextManager[None]:
        """Give the context in which the model computes: the precision asked for."""
        if self._precision == "fp32":
            return nullcontext()
        return torch.autocast(self.model.device.type, dtype_of(self._precision))

    def state(self) -> dict[str, Any]:
        """Give what a restart needs: tensors and plain values only."""
        return {
            "weights": [parameter.detach().cpu() for parameter in self._parameters],
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "random": torch.get_rng_state(),
            "gpu_random": torch.cuda.get_rng_state_all(),  # dropout is drawn there; [] without one
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        with torch.no_grad():
            for parameter, saved in zip(self._parameters, state["weights"], strict=True):
                parameter.copy_(saved)
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"])
        torch.cuda.set_rng_state_all(state.get("gpu_random", []))


def groups(examples: Sequence[Example], size: int) -> Iterator[Sequence[Example]]:
    """Give runs of `size` examples, the last one maybe shorter."""
    for start in range(0, len(examples), size):
        yield examples[start : start + size]
