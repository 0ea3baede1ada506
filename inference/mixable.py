"""A LoRA adapter read from its folder, refused where it could not share a model with others.

Adapters of one model are mixed within a step, so each may change nothing but what its own low-rank
weights add to layers that every token passes. Knows nothing of names or of what runs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.adapters import WEIGHTS_NAME, check_adapter, check_fits
from inference.errors import AdapterBroken

if TYPE_CHECKING:
    from peft import LoraConfig
    from torch import Tensor
    from transformers import PreTrainedModel

# Settings of peft that change the model's own weights, or that its mixed forward passes over.
UNMIXABLE = {
    "use_dora": "DoRA",
    "modules_to_save": "modules_to_save",
    "trainable_token_indices": "trainable_token_indices",
    "target_parameters": "target_parameters",
    "layer_replication": "layer_replication",
    "ensure_weight_tying": "ensure_weight_tying",
    "alora_invocation_tokens": "activated LoRA",
    "use_qalora": "QALoRA",
    "use_bdlora": "BD-LoRA",
    "arrow_config": "Arrow",
    "kasa_config": "KaSA",
    "monteclora_config": "MonteCLoRA",
}
# Other ways to begin, such as PiSSA's, take a part out of the model's weights when they are put on.
PLAIN_BEGINNINGS = {"gaussian", "orthogonal", "eva"}
_WEIGHT = re.compile(
    r"base_model\.model\.(?P<layer>.+)\."
    r"(?:(?P<inner>lora_A\.weight|lora_embedding_A)"
    r"|(?P<outer>lora_B\.weight|lora_embedding_B)|lora_B\.bias)"
)


@dataclass(frozen=True, slots=True)
class MixableAdapter:
    """An adapter in memory: its settings, and its weights under the names in its file."""

    folder: Path
    config: "LoraConfig"
    weights: "Mapping[str, Tensor]"


def read_mixable(model: "PreTrainedModel", folder: Path, *, base: str | None) -> MixableAdapter:
    """Read an adapter for a model; `base` as for `check_fits`. It does not change the model.

    Raises AdapterBroken if it is damaged, made for another model, or works only merged.
    """
    if (unmixable := _unmixable(check_adapter(folder))) is not None:
        raise AdapterBroken(
            f"the adapter {folder} uses {unmixable}, which works only merged: serve it alone"
        )
    check_fits(model, folder, base=base)
    try:
        adapter = _read(folder)
        _check_weights(model, adapter)
    except (ValueError, RuntimeError, TypeError, OSError, KeyError) as error:
        raise AdapterBroken(f"cannot load the adapter {folder}: {error}") from error
    return adapter


def _unmixable(config: dict[str, Any]) -> str | None:
    """Name what keeps an adapter from being mixed, None if nothing does."""
    used = (told for setting, told in UNMIXABLE.items() if config.get(setting))
    if (told := next(used, None)) is not None:
        return told
    if config.get("bias") not in (None, "none"):
        return f"bias: {config['bias']}"
    beginning = config.get("init_lora_weights")
    if isinstance(beginning, str) and beginning.lower() not in PLAIN_BEGINNINGS:
        return "PiSSA" if beginning.startswith("pissa") else f"init_lora_weights: {beginning}"
    return None


def _read(folder: Path) -> MixableAdapter:
    from peft import LoraConfig
    from safetensors.torch import load_file

    config = LoraConfig.from_pretrained(str(folder))
    config.inference_mode = True
    config.init_lora_weights = False  # they are read, so nothing need be drawn
    return MixableAdapter(folder, config, load_file(folder / WEIGHTS_NAME))


def _check_weights(model: "PreTrainedModel", adapter: MixableAdapter) -> None:
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    heads = {name for name, module in model.named_modules() if module is head}
    for key, weight in adapter.weights.items():
        found = _WEIGHT.fullmatch(key)
        if found is None:
            raise AdapterBroken(
                f"the adapter {adapter.folder} brings weights of its own for {key}, "
                "which works only merged: serve it alone"
            )
        if found["layer"] in heads:
            # Only the tokens whose logits are wanted get there, so theirs are not all the names.
            raise AdapterBroken(
                f"the adapter {adapter.folder} adapts the output embeddings, "
                "which works only merged: serve it alone"
            )
        if found["inner"] or found["outer"]:
            _check_rank(adapter, found["layer"], weight.shape[0 if found["inner"] else 1])


def _check_rank(adapter: MixableAdapter, layer: str, rank: int) -> None:
    from peft.utils.other import get_pattern_key

    config = adapter.config
    ranks = config.rank_pattern or {}
    expected = ranks.get(get_pattern_key(list(ranks), layer), config.r)
    if rank != expected:
        raise AdapterBroken(
            f"the adapter {adapter.folder} is damaged: its settings give {layer} the rank "
            f"{expected} where its weight has {rank}"
        )
