"""Let a model that only serves compute as this machine does it fastest.

On a CPU the linear layers are reordered, and where the processor multiplies bfloat16, they and what
is kept of conversations are in it, unless float32 was asked for: P(speak) then differs by some
thousandths (docs/measurements.md). Evaluation and training take the model as it was loaded.
"""

from typing import TYPE_CHECKING

import torch

from inference.engine import Engine
from inference.packed_linear import can_pack_weights, multiplies_bfloat16, pack_weights
from inference.runner import Packed

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def speed_up(engine: Engine, *, exact: bool = False) -> None:
    """Let an engine compute as this machine does it fastest.

    Its model is changed, behind the engine, which has tried out on the exact one whether it can run
    several conversations at once.
    """
    dtype = kept_dtype(engine.model, exact=exact)
    pack_weights(engine.model, dtype=None if exact else torch.bfloat16)
    if dtype is not None and isinstance(engine.runner, Packed):
        engine.runner.kv_dtype = dtype


def kept_dtype(model: "PreTrainedModel", *, exact: bool) -> torch.dtype | None:
    """Give what keys and values are kept in, None for what they are computed in."""
    can = not exact and model.dtype == torch.float32 and can_pack_weights(model)
    return torch.bfloat16 if can and multiplies_bfloat16() else None
