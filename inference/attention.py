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
MAX_FEW_QUERIES = 64


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
    if model.config._attn_implementation != "sdpa" or not model._can_set_attn_implementation():
        return
    AttentionInterface.register(NAME, grouped_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def few_queries_attention(
    query: Tensor, key: Tensor, value: Tensor, *, mask: Tensor | None, scale: float | None
) -> Tensor:
    """Attend with a few new tokens over a long past that is kept in bfloat16, on a CPU.

    query is (1, heads, new tokens, D) in any precision, key and value (1, kv heads, all tokens, D)
    in bfloat16, the additive mask (new tokens, all tokens) hides some of the new tokens only. The
    result is (1, heads, new tokens, D) in the precision of the query. PyTorch's own kernel gains
    nothing from bfloat16; whole products with the heads of a group as one take half its time, as
    long as the scores, (heads, new tokens, all tokens), stay few: up to MAX_FEW_QUERIES new tokens.
    """
    _, num_heads, num_new, head_size = query.shape
    num_kv_heads, num_all = key.shape[1:3]
    scaled = query * (head_size**-0.5 if scale is None else scale)
    grouped = scaled.to(key.dtype).reshape(num_kv_heads, -1, head_size)
    scores = torch.bmm(grouped, key[0].transpose(1, 2)).float()
    if mask is not None:
        own = scores.view(num_kv_heads, -1, num_new, num_all)[..., num_all - num_new :]
        own += mask[:, num_all - num_new :]
    attended = torch.bmm(scores.softmax(-1).to(value.dtype), value[0])
    return attended.view(1, num_heads, num_new, head_size).to(query.dtype)
