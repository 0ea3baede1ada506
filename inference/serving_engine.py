"""An engine for a model that only serves: as fast as this machine runs it, as large as it allows."""

from inference.devices import free_host_memory
from inference.engine import Engine
from inference.host_memory import give_back_free_memory
from inference.loading import LoadedModel
from inference.packed_linear import pack_weights

UNFITTED_TOKENS = 16384  # of a model that its makers quantised, whose size is not told
PARKED_SHARE = 0.5  # of the host's free memory, for conversations that a GPU has no room for


def serving_engine(
    loaded: LoadedModel,
    *,
    max_cached_tokens: int | None = None,
    max_parked_tokens: int | None = None,
) -> Engine:
    """Make an engine, None taking what fits, and change the model for it, which then only serves."""
    parked = _parked_tokens(loaded) if max_parked_tokens is None else max_parked_tokens
    engine = Engine(
        loaded.model,
        loaded.tokenizer,
        max_cached_tokens=max_cached_tokens or _cached_tokens(loaded),
        max_parked_tokens=parked,
    )
    pack_weights(loaded.model)
    give_back_free_memory()
    return engine


def _cached_tokens(loaded: LoadedModel) -> int:
    """Give the tokens whose keys and values may stay beside the model."""
    return UNFITTED_TOKENS if loaded.fit is None else loaded.fit.max_cached_tokens


def _parked_tokens(loaded: LoadedModel) -> int:
    """Give the tokens that may wait in the host's memory, where the model is not in it itself."""
    if loaded.fit is None or loaded.fit.placement == "cpu":
        return 0
    return int(PARKED_SHARE * free_host_memory() / loaded.fit.kv_bytes)
