"""The loss of a batch: cross-entropy of each token that counts, weighted.

    loss = sum(weight * -log p(token)) / sum(weights of the whole optimiser step)

Dividing by the weights of the whole step makes 8 batches of 1 the same as 1 batch of 8.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from inference.tune.batches import Batch

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def weighted_loss(
    model: "PreTrainedModel | PeftModel", batch: Batch, *, total_weight: float
) -> Tensor:
    """Give the batch's share of the step's loss, a float32 scalar.

    Logits are computed where some row has a weight, nowhere else: with a vocabulary of 150,000 they
    would be the largest tensor of all.
    """
    device = model.device
    next_weights = batch.weights[:, 1:]  # (B, T-1): position t predicts the id at t + 1
    kept = next_weights.any(dim=0).nonzero()[:, 0]  # (K,)
    # Right padding under a causal mask changes nothing before it: a batch of one needs no mask.
    attention = None if len(batch.ids) == 1 else batch.attention.to(device)
    logits = model(
        input_ids=batch.ids.to(device),
        attention_mask=attention,
        use_cache=False,
        logits_to_keep=kept.to(device),
    ).logits  # (B, K, V)
    targets = batch.ids[:, 1:][:, kept].to(device)
    row_weights = next_weights[:, kept].to(device)
    losses = [
        # Taken row by row and again on the way back, so that one row at a time is in float32.
        checkpoint(_row_loss, *row, use_reentrant=False, preserve_rng_state=False)
        for row in zip(logits.unbind(), targets, row_weights, strict=True)
    ]
    return torch.stack(losses).sum() / total_weight


def _row_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Give the weighted sum of a row's losses; logits is (K, V), the others (K,)."""
    learned = weights > 0
    losses = torch.nn.functional.cross_entropy(
        logits[learned].float(), targets[learned], reduction="none"
    )
    return (losses * weights[learned]).sum()
