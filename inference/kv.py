"""Keys and values of one token sequence, kept so that they can grow, shrink, be copied and parked.

transformers' own cache grows by copying everything it holds for every token. Here a layer writes
into memory set aside in steps of GROWTH tokens and hands out views.
"""

from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

if TYPE_CHECKING:
    from transformers import PretrainedConfig

GROWTH = 256  # tokens; a copy of everything once in 256 tokens costs less than 1% of running them

# Layers that look at some of the past only are served whole as well: the mask hides the rest, and
# a whole past can be cropped. State-space layers cannot.
_CROPPABLE = {"full_attention", "sliding_attention", "chunked_attention"}


class GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer's keys and values, each (1, kv heads, tokens, head size), in memory that grows.

    `keys` and `values` are views of the tokens held.
    """

    _stores: tuple[Tensor, Tensor] | None = None
    _home: torch.device | None = None  # where it was before it was parked

    @property
    def capacity(self) -> int:
        """Number of tokens there is memory for."""
        return self._stores[0].shape[-2] if self._stores else 0

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the new tokens' keys and values behind the others; give views of all."""
        begin = self.get_seq_length()
        end = begin + key_states.shape[-2]
        keys, values = self._stores_for(key_states, value_states, end)
        keys[:, :, begin:end] = key_states
        values[:, :, begin:end] = value_states
        views = keys[:, :, :end], values[:, :, :end]
        self.keys, self.values = views
        return views

    def keep(self, num_tokens: int) -> None:
        """Forget all but the first `num_tokens` tokens, if it holds more."""
        if self.keys is None or self.values is None or self.keys.shape[-2] <= num_tokens:
            return
        self.keys, self.values = self.keys[:, :, :num_tokens], self.values[:, :, :num_tokens]

    def copied(self, num_tokens: int) -> Self:
        """Give a layer of its own that holds the first `num_tokens` tokens, not parked."""
        copy = type(self)()
        if num_tokens and self.keys is not None and self.values is not None:
            home = self._home or self.keys.device
            some = self.keys[:, :, :num_tokens], self.values[:, :, :num_tokens]
            copy.update(some[0].to(home), some[1].to(home))
        return copy

    def park(self) -> None:
        """Move to the host's memory, without the room to grow."""
        if self.keys is not None and self.values is not None:
            self._home = self.keys.device
            self._hold(self.keys.to("cpu", copy=True), self.values.to("cpu", copy=True))

    def bring_back(self) -> None:
        """Move back to where it was before `park`."""
        if self._home is not None and self.keys is not None and self.values is not None:
            self._hold(self.keys.to(self._home), self.values.to(self._home))
            self._home = None

    def _hold(self, keys: Tensor, values: Tensor) -> None:
        self._stores = keys, values
        self.keys, self.values = keys, values

    def _stores_for(self, keys: Tensor, values: Tensor, num_tokens: int) -> tuple[Tensor, Tensor]:
        """Give the memory, enlarged if it cannot hold `num_tokens`; `keys` and `values` show its kind."""
        if self._stores is None or self.capacity < num_tokens:
            capacity = -(-num_tokens // GROWTH) * GROWTH
            self._stores = (
                _enlarged(self.keys, keys, capacity),
                _enlarged(self.values, values, capacity),
            )
            self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        return self._stores


def _enlarged(kept: Tensor | None, like: Tensor, capacity: int) -> Tensor:
    store = like.new_empty((*like.shape[:2], capacity, like.shape[-1]))
    if kept is not None:
        store[:, :, : kept.shape[-2]] = kept
    return store


class SequenceKV:
    """The keys and values of one sequence through all layers of a model.

    `cache` is what the model's forward takes as `past_key_values`. A model with state-space layers
    has a sequence that can only be extended: `can_crop` is False.
    """

    def __init__(self, config: "PretrainedConfig") -> None:
        text = config.get_text_config(decoder=True)
        self.can_crop = can_crop(config)
        self.is_parked = False
        self._config = config
        self.cache: Cache = (
            Cache(layers=[_new_layer() for _ in range(text.num_hidden_layers)])
            if self.can_crop
            else DynamicCache(config=config)
        )

    @property
    def num_tokens(self) -> int:
        """Number of tokens held by every layer."""
        return min((layer.get_seq_length() for layer in self.layers), default=self._cache_length())

    @property
    def layers(self) -> list[GrowingLayer]:
        """The layers that grow in place; none for a sequence that cannot be cropped."""
        return [layer for layer in self.cache.layers if isinstance(layer, GrowingLayer)]

    @property
    def capacity(self) -> int:
        """Number of tokens there is memory for."""
        layer = self.cache.layers[0]
        return layer.capacity if isinstance(layer, GrowingLayer) else self.num_tokens

    def keep(self, num_tokens: int) -> None:
        """Forget all but the first `num_tokens` tokens, also where only some layers hold more."""
        for layer in self.layers:
            layer.keep(num_tokens)

    def copied(self, num_tokens: int) -> Self:
        """Give a sequence of its own that holds the first `num_tokens` tokens, not parked."""
        copy = type(self)(self._config)
        copy.cache = Cache(layers=[layer.copied(num_tokens) for layer in self.layers])
        return copy

    def park(self) -> None:
        """Move to the host's memory. Where that fails, some layers have moved: it is of no more use."""
        for layer in self.layers:
            layer.park()
        self.is_parked = True

    def bring_back(self) -> None:
        """Move back to the model's memory; where that fails, the sequence is of no more use."""
        for layer in self.layers:
            layer.bring_back()
        self.is_parked = False

    def _cache_length(self) -> int:
        return int(self.cache.get_seq_length())


def can_crop(config: "PretrainedConfig") -> bool:
    """Tell whether a model's sequences can be shortened: all its layers attend to the past."""
    text = config.get_text_config(decoder=True)
    return set(getattr(text, "layer_types", None) or ["full_attention"]) <= _CROPPABLE


def _new_layer() -> GrowingLayer:
    return GrowingLayer()  # type: ignore[no-untyped-call]
