"""Check a LoRA adapter against a model before it is put on, and merge it in.

peft itself fails late and obscurely, or not at all, when an adapter belongs to another model.
"""

import json
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import AdapterBroken
from inference.out_of_memory import telling_memory

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

CONFIG_NAME = "adapter_config.json"
WEIGHTS_NAME = "adapter_model.safetensors"
_PEFT_PREFIX = "base_model.model."
_NUMBER = re.compile(r"\d+")


def check_adapter(folder: Path) -> dict[str, Any]:
    """Give the adapter's configuration. Raises AdapterBroken if the folder holds no LoRA adapter."""
    if not folder.is_dir():
        raise AdapterBroken(f"there is no adapter folder {folder}; check the path")
    for name in (CONFIG_NAME, WEIGHTS_NAME):
        if not (folder / name).is_file():
            raise AdapterBroken(f"{folder} is not a LoRA adapter: it has no {name}")
    try:
        config = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
    except ValueError as error:
        raise AdapterBroken(f"{folder / CONFIG_NAME} is not JSON: {error}") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise AdapterBroken(f"{folder} is not a LoRA adapter: its peft_type is not LORA")
    return config


def merged_adapter(
    model: "PreTrainedModel", folder: Path, *, base: str | None
) -> "PreTrainedModel":
    """Give the model with the adapter merged into its weights, as fast as the model alone.

    `base` is the model's public name, None where only its folder is known; then the shapes alone
    decide. Raises AdapterBroken if the adapter is damaged or made for another model, OutOfMemory.
    """
    from peft import PeftModel

    check_fits(model, folder, base=base)
    try:
        with (
            telling_memory(f"the adapter {folder.name} was put on"),
            warnings.catch_warnings(),
        ):
            # peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
            merged = PeftModel.from_pretrained(model, str(folder)).merge_and_unload(safe_merge=True)
    except (ValueError, RuntimeError, TypeError, OSError) as error:
        raise AdapterBroken(f"cannot load the adapter {folder}: {error}") from error
    return merged  # type: ignore[no-any-return]


def active_adapter(
    model: "PreTrainedModel", folder: Path, *, base: str | None
) -> "PreTrainedModel":
    """Give the model with the adapter beside its weights, for weights that cannot take it exactly.

    Merged into 4 or 8 bits it would be rounded with them. Raises as `merged_adapter` does.
    """
    from peft import PeftModel

    check_fits(model, folder, base=base)
    try:
        with telling_memory(f"the adapter {folder.name} was put on"), warnings.catch_warnings():
            # peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
            adapted: PreTrainedModel = PeftModel.from_pretrained(  # type: ignore[assignment]
                model, str(folder)
            ).get_base_model()
    except (ValueError, RuntimeError, TypeError, OSError) as error:
        raise AdapterBroken(f"cannot load the adapter {folder}: {error}") from error
    return adapted


def check_fits(model: "PreTrainedModel", folder: Path, *, base: str | None) -> None:
    """Refuse an adapter that is damaged or made for another model; see `merged_adapter` for `base`.

    Looks at names and shapes only, so the model may be one without weights. Raises AdapterBroken.
    """
    made_for = str(check_adapter(folder).get("base_model_name_or_path") or "")
    _check_name(made_for, base, folder)
    _check_shapes(model, folder, made_for)


def _check_name(made_for: str, base: str | None, folder: Path) -> None:
    """Compare last parts of names: an adapter may name a fork, or the folder it was trained from."""
    if base is None or not made_for or made_for.startswith(("/", ".", "~")):
        return
    if made_for.rsplit("/", 1)[-1].casefold() != base.rsplit("/", 1)[-1].casefold():
        raise AdapterBroken(
            f"the adapter {folder} was made for {made_for}, not for {base}: name that model "
            "(EARSHOT_MODEL, --model or --base), or leave the adapter out"
        )


def _check_shapes(model: "PreTrainedModel", folder: Path, made_for: str) -> None:
    """Compare the inputs and outputs of the adapted layers with the model's own."""
    modules = dict(model.named_modules())
    for key, shape in _weight_shapes(folder / WEIGHTS_NAME).items():
        name, _, part = key.removeprefix(_PEFT_PREFIX).partition(".lora_")
        if part not in ("A.weight", "B.weight"):
            continue
        side = 1 if part.startswith("A") else 0
        expected = _width(modules.get(name), side)
        if expected != shape[side]:
            raise AdapterBroken(
                f"the adapter {folder} does not fit this model (it was made for "
                f"{made_for or 'an unnamed model'}): {name} has "
                f"{'no such layer' if expected is None else expected} here, {shape[side]} there"
            )


def _width(module: "torch.nn.Module | None", side: int) -> int | None:
    """Give what goes into a layer (side 1) or comes out (0), None where there is no such layer."""
    told = getattr(module, "in_features" if side else "out_features", None)
    if told is not None:  # of a layer in 4 bits only this tells: its weights are packed
        return int(told)
    weight = getattr(module, "weight", None)
    return None if weight is None else int(weight.shape[side])


def check_covers(model: "PreTrainedModel", folder: Path) -> None:
    """Refuse an adapter that leaves out some layers of a kind that it adapts in others.

    One of a base with fewer layers fits those it has. Raises AdapterBroken.
    """
    adapted = {_layer(key) for key in _weight_shapes(folder / WEIGHTS_NAME)}
    kinds = {_NUMBER.sub("", name) for name in adapted}
    missed = [
        name
        for name, _ in model.named_modules()
        if name not in adapted and _NUMBER.sub("", name) in kinds
    ]
    if missed:
        raise AdapterBroken(
            f"the adapter {folder} has nothing for {len(missed)} layers of this model, such as "
            f"{missed[0]}: it was made for another; name that one"
        )


def _layer(key: str) -> str:
    return key.removeprefix(_PEFT_PREFIX).partition(".lora_")[0]


def _weight_shapes(path: Path) -> dict[str, list[int]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as weights:
            return {key: weights.get_slice(key).get_shape() for key in weights.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise AdapterBroken(f"{path} is damaged: {error}") from error
