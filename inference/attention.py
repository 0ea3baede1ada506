"""Attention for a few new tokens over a long kept past, on a CPU.

transformers repeats the keys and values of grouped-query models for every head before it attends,
which copies the whole past in every layer for every decision. PyTorch can group by itself.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "earshot_sdpa"


def grouped_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend without copying keys and values; all else as transformers does it.

    query is (B, heads, new tokens, D), key and value (B, kv heads, all tokens, D), the mask
    (B, 1, new tokens, all tokens). The result is (B, new tokens, heads, D).
    """
    plain = kwargs.get("position_bias") is None and kwargs.get("softcap") is None
    if not plain or attention_mask is None or query.shape[2] == 1 or query.is_cuda:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
    attended = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, scale=kwargs.get("scaling"), enable_gqa=True
    )
    return attended.transpose(1, 2).contiguous(), None


def use_grouped_attention(model: PreTrainedModel) -> None:
    """Switch a model to it, if it uses transformers' sdpa attention; else leave it as it is."""
    if model.config._attn_implementation != "sdpa":
        return
    AttentionInterface.register(NAME, grouped_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
