"""Sizes of known models, for models of random weights."""

from typing import TYPE_CHECKING

from inference.catalogue import catalogue, config_of, entry_of
from inference.errors import InferenceError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

QWEN_7B = "Qwen/Qwen2.5-7B-Instruct"
_TINY = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "layer_types": ["full_attention"] * 2,
}


def shape_config(name: str) -> "PretrainedConfig":
    """Give the configuration of a model of the catalogue. Raises InferenceError for another."""
    entry = entry_of(name)
    if entry is None:
        known = ", ".join(one.id for one in catalogue())
        raise InferenceError(f"no sizes of {name!r} are known: choose one of {known}")
    return config_of(entry)


def tiny_config(name: str) -> "PretrainedConfig":
    """Give the same kind of model in miniature, to try a measurement out."""
    config = shape_config(name)
    for size, value in _TINY.items():
        setattr(config, size, value)
    return config
