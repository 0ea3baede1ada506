"""Tiny random models of the families that Earshot serves."""

import torch
from transformers import (
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from tests.inference.tiny import tiny_llama

SIZES = {
    "vocab_size": 500,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "initializer_range": 0.3,
}


def tiny_mistral(**changes):
    torch.manual_seed(1)
    config = MistralConfig(**SIZES, num_key_value_heads=1, max_position_embeddings=2048, **changes)
    return MistralForCausalLM(config).eval()


def tiny_qwen2():
    torch.manual_seed(3)
    return Qwen2ForCausalLM(Qwen2Config(**SIZES, num_key_value_heads=2)).eval()


def tiny_qwen3():
    torch.manual_seed(2)
    config = Qwen3Config(
        **SIZES,
        num_key_value_heads=4,
        head_dim=8,
        layer_types=["sliding_attention", "full_attention"],
        use_sliding_window=True,
        sliding_window=20,
    )
    return Qwen3ForCausalLM(config).eval()


FAMILIES = {
    "grouped queries": tiny_llama(500),
    "one key-value head": tiny_mistral(sliding_window=None),
    "sliding window": tiny_mistral(sliding_window=20),
    "mixed windows": tiny_qwen3(),
    "biased projections": tiny_qwen2(),
}
