"""An experiment beside the engine: draw tokens from memory of fixed places, replayed as a graph.

Launching the hundreds of kernels of a step from Python takes longer than a GPU takes to run them. A
CUDA graph launches all at once, but needs every address and shape to stay: transformers' StaticCache
and a mask over all of its places. This tells what the engine could gain by it.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from inference.bench.rounds import wait_for_gpu
from inference.bench.twin import twin_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NUM_WARM_UP = 3


class StaticDecode:
    """One sequence that grows by its likeliest token with each `step`, in memory of fixed size."""

    @torch.inference_mode()
    def __init__(self, model: "PreTrainedModel", *, num_tokens: int, room: int) -> None:
        """Read `num_tokens` tokens; `room` more can be drawn."""
        from transformers import StaticCache

        self._model: Any = twin_of(model)
        device, size = model.device, num_tokens + room
        self._cache: Any = StaticCache(config=model.config, max_cache_len=size)
        ids = torch.randint(3, 300, (1, num_tokens), device=device)
        self._mask = torch.full((1, 1, 1, size), -torch.inf, dtype=model.dtype, device=device)
        self._mask[..., :num_tokens] = 0
        self._position = torch.tensor([num_tokens], device=device)
        output = self._model(input_ids=ids, past_key_values=self._cache, logits_to_keep=1)
        self._token = output.logits[:, -1].argmax(-1, keepdim=True)

    @torch.inference_mode()
    def step(self) -> None:
        """Draw one token, all of it on the device."""
        self._mask.index_fill_(3, self._position, 0)
        output = self._model(
            input_ids=self._token,
            position_ids=self._position[None],
            attention_mask=self._mask,
            past_key_values=self._cache,
        )
        self._token.copy_(output.logits[:, -1].argmax(-1, keepdim=True))
        self._position.add_(1)

    def compile(self) -> None:
        """Let torch compile the model's layers, with graphs of its own."""
        self._model = torch.compile(self._model, mode="reduce-overhead", dynamic=False)


def steps_per_s(step: Callable[[], None], *, num_steps: int) -> float:
    """Time a step many times in a row."""
    for _ in range(NUM_WARM_UP):
        step()
    wait_for_gpu()
    began_s = time.perf_counter()
    for _ in range(num_steps):
        step()
    wait_for_gpu()
    return num_steps / (time.perf_counter() - began_s)


def captured(decode: StaticDecode) -> Callable[[], None]:
    """Record a step as a CUDA graph; give what replays it."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(NUM_WARM_UP):
            decode.step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        decode.step()
    return graph.replay
