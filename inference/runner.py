"""Run one step of several conversations through a model: packed where it can be, else one by one."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from inference.attention import use_grouped_attention
from inference.kv import SequenceKV
from inference.packed import Row, can_pack, run_packed, use_packed_attention

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Of a logprob. Rounding in float32 stays below 1e-4; in half precision it reaches some hundredths.
_MAX_DIFFERENCE = {torch.float32: 1e-3}
MAX_HALF_DIFFERENCE = 0.5
logger = logging.getLogger(__name__)


class Runner(Protocol):
    """Runs rows of tokens behind what is kept of each."""

    is_batching: bool

    def run(self, rows: Sequence[Row]) -> Tensor:
        """Give the logits behind each row, float32 (rows, V) on the model's device."""


class Packed:
    """All rows in one forward pass."""

    is_batching = True

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model

    def run(self, rows: Sequence[Row]) -> Tensor:
        """Give the logits behind each row, float32 (rows, V) on the model's device."""
        return run_packed(self._model, rows).float()


class OneByOne:
    """A forward pass per row, with transformers' own masks: for models that cannot be packed."""

    is_batching = False

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model

    def run(self, rows: Sequence[Row]) -> Tensor:
        """Give the logits behind each row, float32 (rows, V) on the model's device."""
        return torch.stack([self._behind(row) for row in rows])

    @torch.inference_mode()
    def _behind(self, row: Row) -> Tensor:
        output = self._model(
            input_ids=torch.tensor([list(row.ids)], device=self._model.device),
            past_key_values=row.kv.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[0, -1].float()
        return logits


def runner_for(model: "PreTrainedModel") -> Runner:
    """Choose the runner; packing is tried out on a few tokens before it is trusted."""
    one_by_one = OneByOne(model)
    if not can_pack(model):
        use_grouped_attention(model)
        logger.info("a %s model runs one conversation at a time", model.config.model_type)
        return one_by_one
    use_packed_attention(model)
    packed = Packed(model)
    try:
        difference = float((_tried(packed, model) - _tried(one_by_one, model)).abs().max())
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
        logger.warning("this model runs one conversation at a time: %s", error)
        return one_by_one
    if not difference <= _MAX_DIFFERENCE.get(model.dtype, MAX_HALF_DIFFERENCE):
        logger.warning(
            "packed, the logprobs differ by %.3f: one conversation at a time", difference
        )
        return one_by_one
    return packed


def _tried(runner: Runner, model: "PreTrainedModel") -> Tensor:
    """Give the logprobs of two short conversations, run in two steps each."""
    kvs = [SequenceKV(model.config), SequenceKV(model.config)]
    logits = torch.empty(0)
    for ids in ([[3, 4, 5], [6]], [[7, 8], [9, 10, 11]]):
        logits = runner.run([Row(kv, one) for kv, one in zip(kvs, ids, strict=True)])
    return logits.log_softmax(-1)
