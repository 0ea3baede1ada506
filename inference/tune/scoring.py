"""P(speak) of every decision of a conversation, by one forward pass over it.

The same logits that serving reads one request at a time: settled turns are append-only, so what
stands behind a decision cannot change it. Takes a model, knows no files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from inference.tune.examples import Example

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Parting:
    """The token ids that begin silence and response where they part, and which score is taken."""

    silence_id: int
    response_id: int
    score: str = "ratio"


@torch.inference_mode()
def decision_scores(
    model: "PreTrainedModel | PeftModel", example: Example, parting: Parting
) -> list[float]:
    """Give P(speak) for each of the example's decisions, in order; none for an example without."""
    if not example.decisions:
        return []
    positions = torch.tensor([decided.position for decided in example.decisions])
    # Nothing behind the last decision is needed.
    ids = torch.tensor([example.ids[: int(positions[-1]) + 1]], device=model.device)
    logits = model(
        input_ids=ids, use_cache=False, logits_to_keep=positions.to(model.device)
    ).logits[0]
    return p_speak(logits.float().cpu(), parting)


def p_speak(logits: Tensor, parting: Parting) -> list[float]:
    """Give P(speak) of each row; logits is float32 (N, V).

    "ratio" is p(response) / (p(response) + p(silence)), "not_silence" 1 - p(silence), as in
    `inference.wire.score`.
    """
    if parting.score == "not_silence":
        shares = 1.0 - logits.softmax(-1)[:, parting.silence_id]
    else:
        both = logits[:, [parting.silence_id, parting.response_id]]
        shares = both.softmax(-1)[:, 1]
    scores: list[float] = shares.tolist()
    return scores


def parting_of(decision_ids: Sequence[int], score: str) -> Parting:
    """Make a Parting of a loaded model's `decision_ids`. Raises ValueError if there are none."""
    if len(decision_ids) != 2:
        raise ValueError("the tokenizer gives the two markers no place where they part")
    return Parting(decision_ids[0], decision_ids[1], score)
