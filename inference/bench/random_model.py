"""A model of random weights with the sizes of a known one: as fast and as large as the real one.

Neither time nor memory knows the difference, and nothing is downloaded. What such a model says is
noise. Runs with torch and transformers alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from inference.errors import InferenceError, PackageMissing
from inference.wire.extras import install

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_HEAD = "lm_head"


def random_model(
    config: "PretrainedConfig", *, device: str, precision: str | None = None, seed: int = 0
) -> "PreTrainedModel":
    """Build a model of random weights on the device itself.

    `precision` is one of DTYPES or "nf4", None for bf16 on a GPU and fp32 on a CPU. Raises
    InferenceError for another one, or where the device is not there.
    """
    check_device(device)
    precision = precision or ("bf16" if device == "cuda" else "fp32")
    if precision not in (*DTYPES, "nf4"):
        raise InferenceError(
            f"there is no precision {precision!r} for a random model: choose one of "
            f"{', '.join(DTYPES)} or nf4"
        )
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    # Under the device's context the weights are drawn there, and what is computed from the
    # configuration, such as the angles of the positions, is whole; on "meta" it would be lost.
    with torch.device(device):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=DTYPES.get(precision, torch.bfloat16)
        )
    if precision == "nf4":
        quantize_to_nf4(model)
    model.train(False)
    return model


def quantize_to_nf4(model: "PreTrainedModel") -> None:
    """Turn all linear layers but the head into nf4 with double quantisation, one by one.

    As transformers does it for a model that is loaded. Raises PackageMissing without bitsandbytes.
    """
    try:
        layers: Any = importlib.import_module("bitsandbytes.nn")
    except ImportError as error:
        raise PackageMissing(
            f"nf4 needs bitsandbytes, which is not installed: {install('tune')}"
        ) from error
    for name, linear in list(model.named_modules()):
        if not isinstance(linear, nn.Linear) or name == _HEAD:
            continue
        packed = layers.Linear4bit(
            linear.in_features,
            linear.out_features,
            bias=linear.bias is not None,
            compute_dtype=linear.weight.dtype,
            quant_type="nf4",
            device="meta",
        )
        packed.bias = linear.bias
        weight = layers.Params4bit(linear.weight.data, requires_grad=False, quant_type="nf4")
        packed.weight = weight.to(linear.weight.device)
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, packed)


def check_device(device: str) -> None:
    """Raise InferenceError where the device is not there."""
    if device not in ("cpu", "cuda"):
        raise InferenceError(f"there is no device {device!r}: choose cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InferenceError("torch sees no GPU here: measure with --device cpu")


def default_device() -> str:
    """Give "cuda" where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"
