"""From the logits of a step to the next token of every answer in it.

Greedy tokens and logprobs are read for all rows at once, so that a GPU is asked once and not once a
row.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from inference.generation import Drawn, Generation, TokenLogprob
from inference.sampling import draw


def read_out(logits: Tensor, generations: Sequence[Generation]) -> list[Drawn]:
    """Draw one token per generation.

    logits is float32 (generations, V), on any device, and is not changed.
    """
    greedy = logits.argmax(-1).tolist()
    token_ids = [
        int(greedy[row]) if _is_greedy(generation) else _drawn(logits[row], generation)
        for row, generation in enumerate(generations)
    ]
    logprobs = _logprobs(logits, generations, token_ids)
    return [Drawn(token_id, logprobs.get(row)) for row, token_id in enumerate(token_ids)]


def _is_greedy(generation: Generation) -> bool:
    """Tell whether the likeliest token is taken as it stands."""
    options = generation.request.sampling
    is_plain = options.temperature == 0 and options.repetition_penalty == 1.0
    return is_plain and not generation.is_early


def _drawn(logits: Tensor, generation: Generation) -> int:
    wanted = generation.request
    return draw(
        logits.cpu(),
        wanted.sampling,
        seen=(*wanted.prompt_ids, *generation.ids),
        forbidden=tuple(generation.end_ids) if generation.is_early else (),
        generator=generation.generator,
    )


def _logprobs(
    logits: Tensor, generations: Sequence[Generation], token_ids: Sequence[int]
) -> dict[int, TokenLogprob]:
    """Give the logprobs of the rows that asked for them: of the token, the likeliest, the wanted."""
    wanted = {
        row: generation.request
        for row, generation in enumerate(generations)
        if generation.request.top_logprobs is not None
    }
    if not wanted:
        return {}
    rows = list(wanted)
    logprobs = logits[rows].log_softmax(-1)
    top = logprobs.topk(max(request.top_logprobs or 0 for request in wanted.values()))
    likeliest, values = top.indices.tolist(), top.values.tolist()
    asked = [[token_ids[row], *request.always_ids] for row, request in wanted.items()]
    told = _gathered(logprobs, asked)
    found: dict[int, TokenLogprob] = {}
    for at, (row, request) in enumerate(wanted.items()):
        count = request.top_logprobs or 0
        pairs = list(zip(likeliest[at][:count], values[at][:count], strict=True))
        listed = {token_id for token_id, _ in pairs}
        always = zip(asked[at][1:], told[at][1:], strict=True)
        pairs += [pair for pair in always if pair[0] not in listed]
        found[row] = TokenLogprob(token_ids[row], told[at][0], tuple(pairs))
    return found


def _gathered(logprobs: Tensor, asked: Sequence[Sequence[int]]) -> list[list[float]]:
    """Give `logprobs[row, id]` of the ids asked of each row, in one reading."""
    rows = [row for row, ids in enumerate(asked) for _ in ids]
    flat = [token_id for ids in asked for token_id in ids]
    index = torch.tensor([rows, flat], device=logprobs.device)
    values = iter(logprobs[index[0], index[1]].tolist())
    return [[next(values) for _ in ids] for ids in asked]
