"""How fast memory is, and what it allows: each token drawn reads all weights once."""

import time
from typing import TYPE_CHECKING

import torch

from inference.bench.rounds import wait_for_gpu

if TYPE_CHECKING:
    from transformers import PreTrainedModel

COPY_BYTES = {"cuda": 2**30, "cpu": 2**28}  # far more than any cache holds
NUM_COPIES = 10


def bytes_per_s(device: str) -> float:
    """Copy memory within a device; give the bytes read and written a second, of the best copy."""
    source = torch.zeros(COPY_BYTES[device] // 4, device=device)
    target = torch.ones_like(source)
    best_s = min(_copy_s(source, target) for _ in range(NUM_COPIES))
    return 2 * source.nbytes / best_s


def _copy_s(source: torch.Tensor, target: torch.Tensor) -> float:
    wait_for_gpu()
    began_s = time.perf_counter()
    target.copy_(source)
    wait_for_gpu()
    return time.perf_counter() - began_s


def weight_bytes(model: "PreTrainedModel") -> int:
    """Give the bytes of all weights, those that are shared once."""
    return sum(weight.nbytes for weight in model.parameters())


def bytes_per_token(model: "PreTrainedModel") -> int:
    """Give the bytes of the weights that one token reads: of an input table of its own, one row."""
    if model.config.get_text_config(decoder=True).tie_word_embeddings:
        return weight_bytes(model)
    tables = model.get_input_embeddings().parameters()
    return weight_bytes(model) - sum(table.nbytes for table in tables)
