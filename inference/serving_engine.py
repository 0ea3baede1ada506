"""An engine for a model that only serves: as fast as this machine runs it, as large as it allows.

On a CPU the linear layers are reordered, and where the processor multiplies bfloat16, they and what
is kept of conversations are in it, unless float32 was asked for: P(speak) then differs by some
thousandths (docs/measurements.md). Evaluation and training take the model as it was loaded.
"""

import logging

import torch

from inference.devices import free_host_memory
from inference.engine import Engine
from inference.loading import LoadedModel
from inference.packed_linear import multiplies_bfloat16, pack_weights
from inference.runner import Packed

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
    dtype = torch.bfloat16 if multiplies_bfloat16() and not exact else None
    is_packed = pack_weights(loaded.model, dtype=dtype) > 0
    kv_dtype = dtype if is_packed and loaded.model.dtype == torch.float32 else None
    engine = Engine(
        loaded.model,
        loaded.tokenizer,
        max_cached_tokens=max_cached_tokens or _cached_tokens(loaded, halved=kv_dtype is not None),
        max_parked_tokens=_parked_tokens(loaded)
        if max_parked_tokens is None
        else max_parked_tokens,
    )
    if kv_dtype is not None and isinstance(engine.runner, Packed):
        engine.runner.kv_dtype = kv_dtype
        logger.info("this processor multiplies bfloat16: --precision fp32 is exact, and slower")
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
