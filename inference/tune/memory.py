"""How much memory a training run takes, told from the model's configuration before it is loaded.

    weights      as they are stored; nf4 and int8 hold for linear layers, the rest has 16 or 32 bits
    adapter      LoRA weights, their gradients and Adam's two means, all in fp32
    activations  what the forward pass keeps for the backward one
    passing      what comes and goes: the logits of the tokens that are learned, over the whole
                 vocabulary; then one layer at a time, gone through backwards

Arithmetic on shapes; the numbers that no shape tells were measured (docs/measurements.md). The
estimate leans to the high side: a refusal costs a flag, a run out of memory costs the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate as accumulated
from typing import TYPE_CHECKING, Any

import torch

from inference.devices import free_host_memory
from inference.errors import TuneRefused
from inference.loading_faults import SUITABLE
from inference.outline import PLAIN_BYTES, Outline, Precision as HeldAs
from inference.tune.lora import Precision
from inference.tune.quantize import Quantize

if TYPE_CHECKING:
    from transformers import PretrainedConfig

MIN_TOKENS = 128  # below, hardly a conversation is left
# fp32 weight, gradient, two means, and one more for a moment while AdamW steps.
_ADAPTER_BYTES = 20
# What the backward pass needs, in bytes for each element that goes into a linear layer and each
# that comes out. Fitted to what autograd saved of Llama layers in five shapes, within 9%; the keys
# are the kind of computing and whether the LoRA has dropout, which keeps a copy of its own.
_SAVED = {
    ("fp32", True): (6.1, 6.8),
    ("fp32", False): (0.0, 7.9),
    ("16 bit", True): (5.4, 3.3),
    ("16 bit", False): (2.9, 2.6),
    ("nf4", True): (2.6, 7.5),
    ("nf4", False): (0.0, 7.0),
}
# Of the tokens of a chat, with loss on completions; 0.1 to 0.32 in all files that we have.
_SHARE_LEARNED = 0.4
_FLOAT = 4
# What the allocator loses between blocks; on a CPU measured with SmolLM2-135M, peak of RSS.
_FRAGMENTS = {"cuda": 1.05, "cpu": 1.25}
_CONTEXT = {"cuda": 600e6, "cpu": 300e6}  # bytes: kernels, libraries, buffers of their own


@dataclass(frozen=True, slots=True)
class Setting:
    """What of a run's options decides on its memory."""

    quantize: Quantize = "none"
    precision: Precision = "fp32"
    rank: int = 64
    dropout: bool = True
    batch: int = 4
    accumulate: int = 2
    max_tokens: int = 1024
    gradient_checkpointing: bool = False
    learns_everything: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What a run takes on a device, in bytes; `total` is the peak."""

    weights: float
    adapter: float
    activations: float
    passing: float
    device: str

    @property
    def total(self) -> float:
        """The peak, with what the libraries and the allocator take."""
        held = self.weights + self.adapter + self.activations + self.passing
        return _CONTEXT[self.device] + _FRAGMENTS[self.device] * held

    def __str__(self) -> str:
        """Tell the parts in gigabytes."""
        parts = {"weights": self.weights, "adapter": self.adapter}
        parts |= {"activations": self.activations, "logits and the like": self.passing}
        return ", ".join(f"{name} {size / 1e9:.1f}" for name, size in parts.items())


def need(outline: Outline, setting: Setting, *, device: str = "cpu") -> Need:
    """Estimate what training takes on a `device`, "cpu" or "cuda"."""
    layer, moving = _layer(outline, setting)
    kept = layer
    if setting.gradient_checkpointing:  # only what goes into each layer; one is computed again
        kept = setting.batch * setting.max_tokens * float(_FLOAT * outline.hidden)
        moving += layer
    return Need(
        weights=_weights(outline, setting),
        adapter=_ADAPTER_BYTES * lora_parameters(outline, setting.rank),
        activations=kept * outline.num_layers,
        passing=max(moving, _logits(outline, setting)),
        device=device,
    )


def lora_parameters(outline: Outline, rank: int) -> int:
    """Count the parameters of a LoRA on all linear layers but the head."""
    return rank * (outline.wide_in + outline.wide_out) * outline.num_layers


def _weights(outline: Outline, setting: Setting) -> float:
    quantized: HeldAs = setting.precision if setting.quantize == "none" else setting.quantize
    # A quantised layer is unpacked to compute with it.
    unpacked = 0 if setting.quantize == "none" else PLAIN_BYTES[setting.precision] * outline.largest
    return outline.weight_bytes(quantized, rest=setting.precision) + unpacked


def _layer(outline: Outline, setting: Setting) -> tuple[float, float]:
    """Give what a layer keeps for the way back, and what its gradients take on it."""
    tokens = setting.batch * setting.max_tokens
    kind = "fp32" if setting.precision == "fp32" else "16 bit"
    if kind == "16 bit" and setting.quantize == "nf4":
        kind = "nf4"
    of_in, of_out = _SAVED[kind, setting.dropout]
    kept = tokens * (of_in * outline.wide_in + of_out * outline.wide_out)
    return kept, tokens * _FLOAT * outline.wide_out


def _logits(outline: Outline, setting: Setting) -> float:
    """Rows are cut to the tokens that any row of the batch learns, and lost on one by one."""
    share = 1.0 if setting.learns_everything else _SHARE_LEARNED
    any_row = 1 - (1 - share) ** setting.batch
    kept = PLAIN_BYTES[setting.precision] * setting.batch * any_row
    # Three times: the logits, their gradients row by row, and those put together.
    return setting.max_tokens * outline.vocab * (3 * kept + 3 * _FLOAT * share)


def trainable(config: "PretrainedConfig") -> Outline:
    """Take the sizes from a configuration.

    Raises ModelBroken where no model can be built, TuneRefused without a layer that LoRA goes on.
    """
    outline = Outline.of(config)
    if not outline.linear:
        raise TuneRefused(
            f"a {config.model_type} model cannot be trained here: it has no linear layers for the "
            f"adapter to go on; take a base of a family such as {SUITABLE}"
        )
    return outline


def free_memory() -> tuple[float, str]:
    """Give the free bytes of the device that would train, and which it is: "cuda" or "cpu"."""
    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0]), "cuda"
    return free_host_memory(), "cpu"


def check_fits(outline: Outline, setting: Setting, *, free: float, device: str = "cpu") -> Need:
    """Give what the run needs, if it fits into `free` bytes.

    Raises TuneRefused that names the nearest setting that does.
    """
    wanted = need(outline, setting, device=device)
    if wanted.total <= free:
        return wanted
    told = (
        f"training needs about {wanted.total / 1e9:.1f} GB of memory ({wanted}), "
        f"and {free / 1e9:.1f} GB is free"
    )
    for change in _nearest(setting):
        needed = need(outline, replace(setting, **change), device=device).total
        if needed <= free:
            raise TuneRefused(f"{told}: with {_flags(change)} it is about {needed / 1e9:.1f} GB")
    raise TuneRefused(f"{told}, too little at any setting: take a smaller base, or --rank 8")


def _nearest(setting: Setting) -> Iterator[dict[str, Any]]:
    """Give the changes that take less, the nearest first: one alone, then several of them."""
    changes = list(_changes(setting))
    half = setting.max_tokens // 2  # shorter ones only with all that costs no conversation
    yield from (one for one in changes if one.get("max_tokens", half) == half)
    yield from accumulated(changes, lambda one, other: one | other)


def _changes(setting: Setting) -> Iterator[dict[str, Any]]:
    if setting.quantize != "nf4":
        yield {"quantize": "nf4", "gradient_checkpointing": True}
    if not setting.gradient_checkpointing:
        yield {"gradient_checkpointing": True}
    if setting.batch > 1:
        yield {"batch": 1, "accumulate": setting.batch * setting.accumulate}
    tokens = setting.max_tokens // 2
    while tokens >= MIN_TOKENS:
        yield {"max_tokens": tokens}
        tokens //= 2


def _flags(change: dict[str, Any]) -> str:
    """Give a change as it is typed; a quantised base brings the recomputing of layers with it."""
    named = dict(change)
    if "quantize" in named:
        del named["gradient_checkpointing"]
    return " ".join(
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in named.items()
    )
