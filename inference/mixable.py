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

_WHOLE = re.compile(r"base_model\.model\.(?P<layer>(?:(?!\.lora_).)+?)(?:\.base_layer)?\.weight")


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
        adapter = _read(model, folder)
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


def _read(model: "PreTrainedModel", folder: Path) -> MixableAdapter:
    from peft import LoraConfig
    from safetensors.torch import load_file

    config = LoraConfig.from_pretrained(str(folder))
    config.inference_mode = True
    config.init_lora_weights = False  # they are read, so nothing need be drawn
    weights = load_file(folder / WEIGHTS_NAME)
    own = {key for key, weight in weights.items() if _is_own(model, key, weight)}
    left = {key: weight for key, weight in weights.items() if key not in own}
    return MixableAdapter(folder, config, left)


def _is_own(model: "PreTrainedModel", key: str, weight: "Tensor") -> bool:
    """Tell whether a weight is the model's: peft saves the embeddings with what adapts them."""
    import torch

    found = _WHOLE.fullmatch(key)
    layers = (model.get_input_embeddings(), model.get_output_embeddings())  # type: ignore[no-untyped-call]
    if found is None or (layer := dict(model.named_modules()).get(found["layer"])) not in layers:
        return False
    ours = layer.weight
    if ours.layout != weight.layout:  # packed, so it cannot be compared
        return False
    return torch.equal(ours.cpu(), weight.to(ours.dtype))


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
