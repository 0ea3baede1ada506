"""A base in 4 or 8 bits that a LoRA can learn on: how it is loaded, and what it needs before peft.

    load base (`quantization_config`) -> `made_ready` -> LoRA -> loop

peft has a function for the middle step too; it casts the embeddings and the head to fp32 as well,
which for Qwen2.5-7B are 2.2 GB more than a T4 can spare.
"""

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import torch

from inference.errors import TuneRefused
from inference.quantize import quantization_config as bitsandbytes_config
from inference.wire.extras import install

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig, PreTrainedModel

Quantize = Literal["none", "int8", "nf4"]


def quantization_config(kind: Quantize, *, compute: torch.dtype) -> "BitsAndBytesConfig | None":
    """Give what `from_pretrained` takes as `quantization_config`, None for weights as they are.

    nf4 is doubly quantised and computes in `compute`. Raises TuneRefused without bitsandbytes.
    """
    if kind == "none":
        return None
    if find_spec("bitsandbytes") is None:
        raise TuneRefused(
            f"--quantize {kind} needs bitsandbytes: {install('tune')}, "
            "or train with --quantize none"
        )
    return bitsandbytes_config(kind, compute=compute)


def made_ready(model: "PreTrainedModel", *, gradient_checkpointing: bool) -> "PreTrainedModel":
    """Freeze a base, quantised or not, and make it fit to learn a LoRA on; gives the same model.

    Norms go to fp32, and what the layers hand on too where the weights are fp16: it would overflow
    in Llama 2, and the loss fall to 0.0. Where a model is not in fp32, run it under autocast.
    """
    for parameter in model.parameters():
        parameter.requires_grad = False
    for module in model.modules():
        if "norm" in type(module).__name__.casefold():
            module.float()
    if model.get_input_embeddings().weight.dtype == torch.float16:
        # Each layer adds to what it was given, so what begins in fp32 stays in it.
        model.get_input_embeddings().register_forward_hook(lambda _, __, out: out.float())
    if gradient_checkpointing:
        model.config.use_cache = False
        with warnings.catch_warnings():
            # transformers 5.23 has another name for it, which 5.17 does not know.
            warnings.filterwarnings("ignore", ".*gradient_checkpointing_enable", FutureWarning)
            model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[no-untyped-call]
        # Without it a recomputed layer could see no input with a gradient, and learn nothing.
        model.enable_input_require_grads()  # type: ignore[no-untyped-call]
    return model
