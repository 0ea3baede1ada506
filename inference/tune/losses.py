"""The loss of a batch: cross-entropy of each token that counts, weighted.

    loss = sum(weight * -log p(token)) / sum(weights of the whole optimiser step)

Dividing by the weights of the whole step makes 8 batches of 1 the same as 1 batch of 8.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

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
    ).logits.float()  # (B, K, V)
    targets = batch.ids[:, 1:][:, kept].to(device)
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), reduction="none"
    )
    return (losses * next_weights[:, kept].flatten().to(device)).sum() / total_weight
