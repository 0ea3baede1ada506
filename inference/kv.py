"""Keys and values of one token sequence, kept so that they can grow, shrink, be copied and parked.

transformers' own cache grows by copying everything it holds for every token. Here a layer writes
into memory set aside in steps of GROWTH tokens and hands out views. On a CPU all layers of a sequence
get theirs in one piece: as many small ones, which grow at different times, leave holes that nothing
fits into, and the process held twice what was kept.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self
from weakref import ref

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
    # Weak: a circle would keep the memory of a dropped sequence until Python looks for circles.
    _siblings: "Sequence[ref[GrowingLayer]]" = ()

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
        if self.capacity < end or not (begin or self._fits(key_states, value_states)):
            self._grow(key_states, value_states, end)
        keys, values = self._held_stores()
        keys[:, :, begin:end] = key_states
        values[:, :, begin:end] = value_states
        views = keys[:, :, :end], values[:, :, :end]
        self.keys, self.values = views
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        return views

    def keep(self, num_tokens: int) -> None:
        """Forget all but the first `num_tokens` tokens, if it holds more."""
        if self.keys is None or self.values is None or self.keys.shape[-2] <= num_tokens:
            return
        self.keys, self.values = self.keys[:, :, :num_tokens], self.values[:, :, :num_tokens]

    def copy_into(self, other: "GrowingLayer", num_tokens: int) -> None:
        """Give the first `num_tokens` tokens to an empty layer, which is not parked."""
        if num_tokens and self.keys is not None and self.values is not None:
            home = self._home or self.keys.device
            some = self.keys[:, :, :num_tokens], self.values[:, :, :num_tokens]
            other.update(some[0].to(home), some[1].to(home))

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

    def _held_stores(self) -> tuple[Tensor, Tensor]:
        if self._stores is None:
            raise RuntimeError("the layer has no memory")
        return self._stores

    def _grow(self, keys: Tensor, values: Tensor, num_tokens: int) -> None:
        """Set memory aside for `num_tokens` tokens like `keys` and `values`, and move what is held."""
        capacity = -(-num_tokens // GROWTH) * GROWTH
        layers = self._grown_together(keys, values)
        blocks = [
            like.new_empty((len(layers), *like.shape[:2], capacity, like.shape[-1]))
            for like in (keys, values)
        ]
        for layer, own_keys, own_values in zip(layers, *blocks, strict=True):
            layer._move_to(own_keys, own_values)

    def _grown_together(self, keys: Tensor, values: Tensor) -> "list[GrowingLayer]":
        """Give the layers that get memory now; of several GPUs each holds other layers."""
        alive = [layer for sibling in self._siblings if (layer := sibling()) is not None]
        if keys.device.type != "cpu" or self not in alive:
            return [self]
        return [layer for layer in alive if layer is self or layer._fits(keys, values)]

    def _fits(self, keys: Tensor, values: Tensor) -> bool:
        """Tell whether keys and values such as these can be held where the layer holds its own."""
        if self._stores is None:
            return True
        return all(
            (store.shape[:2], store.shape[3], store.dtype, store.device)
            == (new.shape[:2], new.shape[3], new.dtype, new.device)
            for store, new in zip(self._stores, (keys, values), strict=True)
        )

    def _move_to(self, keys: Tensor, values: Tensor) -> None:
        self._stores = keys, values
        if self.keys is not None and self.values is not None:
            num_tokens = self.keys.shape[-2]
            keys[:, :, :num_tokens], values[:, :, :num_tokens] = self.keys, self.values
            self.keys, self.values = keys[:, :, :num_tokens], values[:, :, :num_tokens]


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
            Cache(layers=[*new_layers(text.num_hidden_layers)])
            if self.can_crop
            else DynamicCache(config=config)
        )

    @property
    def num_tokens(self) -> int:
        """Number of tokens held by every layer."""
        growing = self.layers
        if not growing:
            return int(self.cache.get_seq_length())
        return min(layer.get_seq_length() for layer in growing)

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
        for layer, other in zip(self.layers, copy.layers, strict=True):
            layer.copy_into(other, num_tokens)
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


def can_crop(config: "PretrainedConfig") -> bool:
    """Tell whether a model's sequences can be shortened: all its layers attend to the past."""
    text = config.get_text_config(decoder=True)
    return set(getattr(text, "layer_types", None) or ["full_attention"]) <= _CROPPABLE


def new_layers(num_layers: int) -> list[GrowingLayer]:
    """Give the empty layers of one sequence, which get their memory together."""
    layers = [GrowingLayer() for _ in range(num_layers)]  # type: ignore[no-untyped-call]
    siblings = [ref(layer) for layer in layers]
    for layer in layers:
        layer._siblings = siblings
    return layers
