"""A step on the model: the logits behind each generation's tokens, then the tokens drawn from them.

Whatever fails, fails for the request that made it fail: memory that runs out is freed once, and
what still fails together is tried one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inference.attempts import attempt
from inference.errors import EngineStopped, InferenceError
from inference.generation import Drawn, Generation
from inference.named_adapters import NamedAdapters
from inference.packed import Row
from inference.readout import read_out
from inference.runner import Runner

Part = tuple[Generation, int]
"""A generation in a step, and how many of its pending tokens it runs there."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Runs steps. `free_memory` lets go of what can be run again."""

    runner: Runner
    adapters: NamedAdapters
    free_memory: Callable[[], None]

    def logits(self, parts: Sequence[Part]) -> list[Tensor | InferenceError]:
        """Run the parts' tokens; give the logits behind each, (V,), or what is wrong with it."""
        if not self.runner.is_batching and len(parts) > 1:
            return [self.logits([part])[0] for part in parts]
        logits = attempt(lambda: self._run(parts), self.free_memory)
        if not isinstance(logits, InferenceError):
            return list(logits)
        if len(parts) == 1:
            return [logits]
        return [self.logits([part])[0] for part in parts]

    def drawn(self, through: Sequence[tuple[Generation, Tensor]]) -> list[Drawn | InferenceError]:
        """Draw a token for each generation from its logits."""
        logits = torch.stack([one for _, one in through])
        # Half precision can run over; a likeliest token would be found all the same.
        unusable = logits.isnan().any(-1).tolist()
        sound = [at for at, is_unusable in enumerate(unusable) if not is_unusable]
        drawn: list[Drawn | InferenceError] = [
            EngineStopped("the model gave no usable numbers for this request") for _ in through
        ]
        if sound:
            generations = [through[at][0] for at in sound]
            for at, one in zip(sound, self._drawn(generations, logits[sound]), strict=True):
                drawn[at] = one
        return drawn

    def _run(self, parts: Sequence[Part]) -> Sequence[Tensor]:
        if any(generation.is_damaged for generation, _ in parts):
            raise EngineStopped("the model failed on this request; send it again")
        rows = [Row(one.taken.kv, one.pending[:count], one.request.adapter) for one, count in parts]
        try:
            with self.adapters.chosen(rows):
                return list(self.runner.run(rows))
        except Exception:
            for generation, _ in parts:
                generation.mend()
            raise

    def _drawn(
        self, generations: Sequence[Generation], logits: Tensor
    ) -> Sequence[Drawn | InferenceError]:
        drawn = attempt(lambda: read_out(logits, generations), self.free_memory)
        if not isinstance(drawn, InferenceError):
            return drawn
        if len(generations) == 1:
            return [drawn]
        return [
            self._drawn([generation], logits[at : at + 1])[0]
            for at, generation in enumerate(generations)
        ]
