"""An engine for a model that only serves: as fast as this machine runs it, as large as it allows."""

import logging

from inference.devices import free_host_memory
from inference.engine import Engine
from inference.loading import LoadedModel
from inference.speed import kept_dtype, speed_up

UNFITTED_TOKENS = 16384  # of a model that its makers quantised, whose size is not told
PARKED_SHARE = 0.5  # of the host's free memory, for conversations that a GPU has no room for
logger = logging.getLogger(__name__)


def serving_engine(
    loaded: LoadedModel,
    *,
    max_cached_tokens: int | None = None,
    max_parked_tokens: int | None = None,
    exact: bool = False,
) -> Engine:
    """Make an engine, and change the model itself for it, which then only serves.

    None takes what fits the machine; `exact` computes in float32 what was loaded in it.
    """
    halved = kept_dtype(loaded.model, exact=exact) is not None
    cached = max_cached_tokens or _cached_tokens(loaded, halved=halved)
    parked = _parked_tokens(loaded) if max_parked_tokens is None else max_parked_tokens
    engine = Engine(
        loaded.model, loaded.tokenizer, max_cached_tokens=cached, max_parked_tokens=parked
    )
    if halved:
        logger.info("this processor multiplies bfloat16: --precision fp32 is exact, and slower")
    speed_up(engine, exact=exact)
    return engine


def _cached_tokens(loaded: LoadedModel, *, halved: bool) -> int:
    """Give the tokens whose keys and values may stay beside the model."""
    if loaded.fit is None:
        return UNFITTED_TOKENS
    return loaded.fit.max_cached_tokens * (2 if halved else 1)


def _parked_tokens(loaded: LoadedModel) -> int:
    """Give the tokens that may wait in the host's memory, where the model is not in it itself."""
    if loaded.fit is None or loaded.fit.placement == "cpu":
        return 0
    return int(PARKED_SHARE * free_host_memory() / loaded.fit.kv_bytes)
