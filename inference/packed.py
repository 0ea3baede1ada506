"""One forward pass for several conversations: their new tokens in one row, without padding.

The layers that read weights see all new tokens as one sequence, which is what makes a batch cheap;
attention alone tells the conversations apart, and reads each one's kept past where it lies. So a
batch needs no buckets of equal length, copies nothing, and gives each conversation what it would
have got alone. transformers' continuous batching packs in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import sdpa_mask

from inference.attention import MAX_FEW_QUERIES, few_queries_attention, grouped_attention
from inference.kv import GrowingLayer, SequenceKV, can_crop

NAME = "earshot_packed"


@dataclass(frozen=True, slots=True)
class Row:
    """The tokens of one conversation that a step runs, behind those that `kv` holds."""

    kv: SequenceKV
    ids: Sequence[int]
    adapter: str | None = None


@dataclass(slots=True)
class Pack:
    """The rows of a step as the attention of each layer sees them."""

    rows: Sequence[Row]
    spans: list[tuple[int, int]] = field(init=False)
    pasts: list[int] = field(init=False)
    _masks: dict[tuple[int, int, int | None, torch.device], Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ends = list(accumulate(len(row.ids) for row in self.rows))
        self.spans = list(zip([0, *ends], ends, strict=False))
        self.pasts = [row.kv.num_tokens for row in self.rows]

    def inputs(self, device: torch.device) -> dict[str, Tensor]:
        """Give the arguments of a forward: ids and positions (1, tokens), the last ones' indices."""
        ids = [token_id for row in self.rows for token_id in row.ids]
        positions = [
            past + at
            for row, past in zip(self.rows, self.pasts, strict=True)
            for at in range(len(row.ids))
        ]
        last = [end - 1 for _, end in self.spans]
        return {
            "input_ids": torch.tensor([ids], device=device),
            "position_ids": torch.tensor([positions], device=device),
            "logits_to_keep": torch.tensor(last),  # the last layer may be on another device
        }

    def mask(self, num_new: int, num_all: int, *, window: int | None, like: Tensor) -> Tensor:
        """Give the additive mask (new, all) of tokens that see themselves and what is before them.

        `window` is how many tokens a sliding window shows, the token itself included.
        """
        key = (num_new, num_all, window, like.device)  # layers may be on several GPUs
        if key not in self._masks:
            own = torch.arange(num_all - num_new, num_all, device=like.device)[:, None]
            other = torch.arange(num_all, device=like.device)[None, :]
            hidden = other > own
            if window is not None:
                hidden |= other <= own - window
            mask = torch.zeros(num_new, num_all, dtype=like.dtype, device=like.device)
            self._masks[key] = mask.masked_fill_(hidden, -torch.inf)
        return self._masks[key]


def can_pack(model: PreTrainedModel) -> bool:
    """Tell whether a model's attention can be told what to do, and its past be shortened.

    Layers that share the keys of others need transformers' own cache; positions whose frequencies
    depend on the longest sequence, or attention in chunks, differ between one row and a pack.
    """
    text = model.config.get_text_config(decoder=True)
    rope = getattr(text, "rope_parameters", None) or {}
    return bool(
        model._supports_attention_backend
        and model.config._attn_implementation in ("sdpa", NAME)
        and not model.config.is_encoder_decoder
        and can_crop(model.config)
        and not getattr(text, "num_kv_shared_layers", 0)
        and rope.get("rope_type", "default") not in ("dynamic", "longrope")
        and "chunked_attention" not in (getattr(text, "layer_types", None) or ())
    )


def use_packed_attention(model: PreTrainedModel) -> None:
    """Switch a model to it. A forward that is given no pack attends as before."""
    AttentionInterface.register(NAME, packed_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


@torch.inference_mode()
def run_packed(model: PreTrainedModel, rows: Sequence[Row]) -> Tensor:
    """Run the rows' tokens and keep their keys and values; give the logits behind each, (rows, V).

    A row that fails may leave some layers with more tokens than others: `SequenceKV.keep` mends it.
    """
    pack = Pack(rows)
    output = model(
        **pack.inputs(model.device),
        # A mask of four dimensions is passed on as it is; the pack makes those that are needed.
        attention_mask=torch.zeros(1, 1, 1, 1, device=model.device),
        use_cache=False,
        pack=pack,
    )
    logits: Tensor = output.logits[0]
    return logits


def packed_attention(  # noqa: PLR0913 - the arguments of transformers' attention functions
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    pack: Pack | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend within each conversation of a pack, over its kept past.

    query is (1, heads, tokens, D), key and value (1, kv heads, tokens, D), all of new tokens only.
    The result is (1, tokens, heads, D). Without a pack it is `grouped_attention`.
    """
    if pack is None:
        return grouped_attention(module, query, key, value, attention_mask, **kwargs)
    window = kwargs.get("sliding_window")
    attended = query.new_empty(1, query.shape[2], query.shape[1], value.shape[3])
    for row, (begin, end), past in zip(pack.rows, pack.spans, pack.pasts, strict=True):
        layer = row.kv.cache.layers[module.layer_idx]  # type: ignore[index]
        if not isinstance(layer, GrowingLayer):
            raise TypeError("a packed step needs sequences that grow in place")
        keys, values = layer.update(key[:, :, begin:end], value[:, :, begin:end])
        attended[:, begin:end] = _attended(
            query[:, :, begin:end],
            keys,
            values,
            mask=_mask(pack, query, end - begin, past, window),
            scale=kwargs.get("scaling"),
            is_whole=window is None or past + end - begin <= window,
        ).transpose(1, 2)
    return attended, None


def _mask(pack: Pack, query: Tensor, num_new: int, past: int, window: int | None) -> Tensor | None:
    """Give the mask of one row; None where one new token sees all."""
    if num_new == 1 and (window is None or past < window):
        return None
    return pack.mask(num_new, past + num_new, window=window, like=query)


def _attended(  # noqa: PLR0913 - what an attention is made of
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    mask: Tensor | None,
    scale: float | None,
    is_whole: bool,
) -> Tensor:
    """Attend in the way that is fastest for the device; `is_whole`: no window hides any of the past."""
    is_rounded = keys.dtype == torch.bfloat16 and not query.is_cuda
    if is_rounded and is_whole and query.shape[2] <= MAX_FEW_QUERIES:
        return few_queries_attention(query, keys, values, mask=mask, scale=scale)
    num_groups = query.shape[1] // keys.shape[1]
    if num_groups > 1 and query.is_cuda and mask is not None:
        # With a mask and grouped heads CUDA has no fast kernel; transformers repeats them as well.
        keys, values = (some.repeat_interleave(num_groups, dim=1) for some in (keys, values))
        num_groups = 1
    return torch.nn.functional.scaled_dot_product_attention(
        query, keys, values, attn_mask=mask, scale=scale, enable_gqa=num_groups > 1
    )
