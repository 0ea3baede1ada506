"""Tiny models of the architectures that can be written as GGUF, with each one's kind of tokenizer."""

import torch
from tokenizers import Regex, pre_tokenizers
from transformers import MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

from tests.inference.tiny import (
    chatml_tokenizer,
    llama3_tokenizer,
    mistral_tokenizer,
    tiny_llama,
)

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
    "bos_token_id": None,
    "eos_token_id": None,
}


def splitting(tokenizer, numbers):
    """Let a byte-level tokenizer cut words as Qwen ("") or Llama 3 ("{1,3}") do."""
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT % numbers), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def smollm():
    tokenizer = chatml_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    model = tiny_llama(len(tokenizer))
    model.config.tie_word_embeddings = True
    model.tie_weights()
    return model, tokenizer


def llama3():
    tokenizer = splitting(llama3_tokenizer(), "{1,3}")
    model = tiny_llama(len(tokenizer))
    return model, tokenizer


def qwen2():
    """Its embeddings have more rows than its tokenizer has tokens, as Qwen2.5's have."""
    tokenizer = splitting(chatml_tokenizer(), "")
    torch.manual_seed(0)
    rope = {"rope_type": "default", "rope_theta": 1_000_000.0}
    config = Qwen2Config(vocab_size=len(tokenizer) + 7, rope_parameters=rope, **SIZES)
    model = Qwen2ForCausalLM(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_()
    return model, tokenizer


def mistral():
    """Its heads are wider than its hidden size would have them."""
    tokenizer = mistral_tokenizer()
    torch.manual_seed(0)
    config = MistralConfig(vocab_size=len(tokenizer), head_dim=16, **SIZES)
    return MistralForCausalLM(config).eval(), tokenizer


FAMILIES = {"smollm": smollm, "llama3": llama3, "qwen2": qwen2, "mistral": mistral}
