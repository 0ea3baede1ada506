"""A base model made ready to learn: its precision, its quantisation, its LoRA, and back to disk."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from inference.adapters import CONFIG_NAME, WEIGHTS_NAME, check_adapter
from inference.errors import AdapterBroken, TuneRefused

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

Precision = Literal["fp32", "bf16", "fp16"]
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """Size and strength of the adapter; the defaults are those of the recipe (docs/tuning.md)."""

    rank: int = 64
    alpha: int = 16
    dropout: float = 0.1


def best_precision() -> Precision:
    """Give the precision this machine computes fastest in without losing the gradients.

    A GPU older than Ampere (a T4) has no bf16 and takes fp16; a CPU takes bf16 if it multiplies it.
    """
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


def dtype_of(precision: Precision) -> torch.dtype:
    """Give the torch type of a precision."""
    return _DTYPES[precision]


def with_lora(
    model: "PreTrainedModel", options: LoraOptions, *, continue_from: Path | None = None
) -> "PeftModel":
    """Put a LoRA on every linear layer but the head, its weights in fp32 and trainable.

    With `continue_from` it is that adapter that goes on learning. Raises AdapterBroken if it does
    not fit, TuneRefused for a rank that makes no sense.
    """
    from peft import LoraConfig, PeftModel, get_peft_model

    if options.rank < 1:
        raise TuneRefused("--rank is at least 1; 16 suits a small model, 64 a 7B one")
    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        if continue_from is not None:
            check_adapter(continue_from)
            try:
                return PeftModel.from_pretrained(model, str(continue_from), is_trainable=True)
            except (ValueError, RuntimeError, OSError) as error:
                raise AdapterBroken(f"cannot go on from {continue_from}: {error}") from error
        config = LoraConfig(
            r=options.rank,
            lora_alpha=options.alpha,
            lora_dropout=options.dropout,
            bias="none",
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        peft_model = get_peft_model(model, config)
    assert isinstance(peft_model, PeftModel)  # noqa: S101 - one adapter type alone gives another
    return peft_model


def size_of(adapter: Path) -> LoraOptions:
    """Give rank, alpha and dropout of an adapter. Raises AdapterBroken if they are not told."""
    config = check_adapter(adapter)
    try:
        return LoraOptions(
            int(config["r"]), int(config["lora_alpha"]), float(config["lora_dropout"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AdapterBroken(
            f"{adapter / CONFIG_NAME} does not tell r, lora_alpha and lora_dropout"
        ) from error


def trainable(model: "PeftModel") -> list[torch.nn.Parameter]:
    """Give the parameters that learn."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def save_adapter(model: "PeftModel", folder: Path, *, base: str) -> None:
    """Write the adapter in fp16 into an existing folder; `base` is the public name of its model."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    state = {
        name: tensor.detach().to(torch.float16).cpu().contiguous()
        for name, tensor in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }
    save_file(state, folder / WEIGHTS_NAME, metadata={"format": "pt"})
    config = model.peft_config["default"]
    config.save_pretrained(str(folder))
    _tidied(folder / CONFIG_NAME, base=base)


def _tidied(path: Path, *, base: str) -> None:
    """Name the base as others know it, and leave out what is not set."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": base, "inference_mode": True}
    config["target_modules"] = sorted(_texts(config["target_modules"]))
    kept = {name: value for name, value in sorted(config.items()) if value not in (None, {}, [])}
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def _texts(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
