"""Choose the next token from logits. Pure: the random generator is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

# Below these, 32-bit numbers run over; what they ask for is reached long before.
MIN_TEMPERATURE = 1e-5
MIN_PENALTY = 1e-3


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How tokens are drawn. Temperature 0 takes the likeliest; `top_k` None looks at all tokens."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int | None = None
    repetition_penalty: float = 1.0


def draw(
    logits: Tensor,
    options: SamplingOptions,
    *,
    seen: Sequence[int],
    forbidden: Sequence[int],
    generator: Generator,
) -> int:
    """Draw one token id.

    logits is float32 (V,) on the CPU and is not changed. Tokens in `seen` (prompt and answer so
    far) are made less likely by the repetition penalty as in CTRL and vLLM; those in `forbidden`
    are never drawn. A penalty and cuts come before the temperature, as in vLLM.
    """
    scores = logits.clone()
    if options.repetition_penalty != 1.0 and seen:
        _penalise(scores, torch.tensor(sorted(set(seen))), options.repetition_penalty)
    if forbidden:
        scores[list(forbidden)] = -torch.inf
    if options.temperature == 0:
        return int(scores.argmax())
    # Relative to the likeliest, so that a temperature close to 0 gives it alone, and no overflow.
    scores = (scores - scores.max()) / max(options.temperature, MIN_TEMPERATURE)
    if options.top_k is not None:
        _cut_to_top_k(scores, options.top_k)
    probabilities = scores.softmax(-1)
    if options.top_p < 1.0:
        probabilities = _cut_to_top_p(probabilities, options.top_p)
    return int(torch.multinomial(probabilities, 1, generator=generator))


def _penalise(scores: Tensor, seen: Tensor, penalty: float) -> None:
    penalty = max(penalty, MIN_PENALTY)
    values = scores[seen]
    scores[seen] = torch.where(values > 0, values / penalty, values * penalty)


def _cut_to_top_k(scores: Tensor, top_k: int) -> None:
    smallest = scores.topk(min(top_k, scores.numel())).values[-1]
    scores[scores < smallest] = -torch.inf


def _cut_to_top_p(probabilities: Tensor, top_p: float) -> Tensor:
    """Keep the fewest tokens whose probabilities sum to at least `top_p`; multinomial rescales."""
    ordered, order = probabilities.sort(descending=True)
    before = ordered.cumsum(-1) - ordered
    ordered[before >= top_p] = 0.0
    return torch.zeros_like(probabilities).scatter_(0, order, ordered)
