"""Weights in 4 or 8 bits, by bitsandbytes: what transformers has to be told."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from inference.errors import PackageMissing

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig

Quantized = Literal["int8", "nf4"]


def is_installed() -> bool:
    """Tell whether bitsandbytes is there, without importing it."""
    return find_spec("bitsandbytes") is not None


def quantization_config(kind: Quantized, *, compute: "torch.dtype") -> "BitsAndBytesConfig":
    """Give what `from_pretrained` takes as `quantization_config`.

    nf4 is doubly quantised and computes in `compute`. Raises PackageMissing without bitsandbytes.
    """
    if not is_installed():
        raise PackageMissing(
            f"{kind} needs bitsandbytes, which is not installed: pip install bitsandbytes, or take "
            "another precision (--precision, EARSHOT_PRECISION)"
        )
    from transformers import BitsAndBytesConfig

    if kind == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )
