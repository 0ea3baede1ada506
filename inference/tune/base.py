"""A base model ready to learn: found, read, quantised or not, with the form it will be tuned to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch

from inference.chat_forms import Fitted, fitted
from inference.errors import TuneRefused
from inference.loading import read_tokenizer, read_weights, untuned_form
from inference.locating import Located, located
from inference.tune.lora import Precision, best_precision, dtype_of
from inference.tune.quantize import Quantize, made_ready, quantization_config
from inference.tune.scoring import Parting, parting_of
from inference.wire.chat_form import ChatForm

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TUNED_PROMPT = (
    "You are {name}, an assistant in a group chat. Speak only when you are needed. {persona}"
)


@dataclass(frozen=True, slots=True)
class BaseOptions:
    """Which model, and how it is held in memory.

    "auto" is nf4 on a GPU and no quantisation on a CPU, and the best precision the machine has.
    `gradient_checkpointing` None means: with a quantised base.
    """

    name: str
    quantize: Literal["auto", "none", "int8", "nf4"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    gradient_checkpointing: bool | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Base options with every "auto" decided."""

    quantize: Quantize
    precision: Precision
    gradient_checkpointing: bool


@dataclass(frozen=True, slots=True)
class Base:
    """A base and what goes with it, before its weights are read."""

    where: Located
    settled: Settled
    tokenizer: "PreTrainedTokenizerBase"
    fit: Fitted

    @property
    def parting(self) -> Parting:
        """Where its decisions are read."""
        return parting_of(self.fit.decision_ids, self.fit.form.score)

    def read(self) -> "PreTrainedModel":
        """Read the weights, frozen and ready for a LoRA. Raises InferenceError."""
        dtype = dtype_of(self.settled.precision)
        options: dict[str, Any] = {"dtype": dtype}
        if config := quantization_config(self.settled.quantize, compute=dtype):
            options["quantization_config"] = config
        model = read_weights(self.where, **options)
        return made_ready(model, gradient_checkpointing=self.settled.gradient_checkpointing)


def find_base(options: BaseOptions) -> Base:
    """Find a base and read its tokenizer. Raises InferenceError, TuneRefused if it cannot learn."""
    where = located(options.name)
    tokenizer = read_tokenizer(where)
    fit = fitted(tuned_form(untuned_form(where, tokenizer)), tokenizer)
    if not fit.decision_ids:
        raise TuneRefused(
            f"the tokenizer of {where.name} gives (silence) and (response) no place where they part; "
            "take another base"
        )
    return Base(where, settle(options), tokenizer, fit)


def settle(options: BaseOptions) -> Settled:
    """Decide every "auto" for this machine."""
    quantize: Quantize = options.quantize if options.quantize != "auto" else "none"
    if options.quantize == "auto" and torch.cuda.is_available():
        quantize = "nf4"
    precision = best_precision() if options.precision == "auto" else options.precision
    checkpointing = options.gradient_checkpointing
    return Settled(
        quantize, precision, quantize != "none" if checkpointing is None else checkpointing
    )


def tuned_form(plain: ChatForm) -> ChatForm:
    """Give the form of a tuned model from that of the same model untuned."""
    return ChatForm(
        assistant_name=plain.assistant_name,
        decide_prompt=TUNED_PROMPT,
        chat_template=plain.chat_template,
        stop=plain.stop,
        sampling=plain.sampling,
    )
