"""What a model writes: replies as serving asks for them, but greedily, and how likely given ones are.

For a model on this machine. What is said of the words is `replies`' business.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from inference.engine import Engine
from inference.generation import Piece, Request
from inference.render import Renderer
from inference.sampling import SamplingOptions
from inference.tune.evaluation.local import LocalJudge
from inference.tune.evaluation.window import Shown, Window
from inference.wire.asking import opened, without_opened
from inference.wire.trim import prompt_budget
from inference.wire.turns import Burst, Turn, decision_turns, reply_turns

MAX_MARKER_TOKENS = 12  # either marker with an end, or with the first words of a reply


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely given texts are: the sum of -ln p over their tokens."""

    num_tokens: int = 0
    nats: float = 0.0

    def __add__(self, other: "Likelihood") -> "Likelihood":
        """Put two together."""
        return Likelihood(self.num_tokens + other.num_tokens, self.nats + other.nats)

    @property
    def perplexity(self) -> float | None:
        """E to the mean; None without tokens."""
        return math.exp(self.nats / self.num_tokens) if self.num_tokens else None


class Writer:
    """Lets a judged model write. One prompt at a time, nothing kept between them."""

    def __init__(self, judge: LocalJudge) -> None:
        self._judge = judge
        self._engine = Engine(judge.model, judge.tokenizer, max_cached_tokens=1)

    def reply(self, bursts: Sequence[Burst], *, max_tokens: int) -> str:
        """Write a reply to the last burst."""
        form, judge = self._judge.form, self._judge
        turns = reply_turns(form, bursts, persona=judge.persona)
        return self._written(
            _prompt(judge.renderer, turns),
            max_tokens=min(max_tokens, form.sampling.max_tokens),
            repetition_penalty=form.sampling.repetition_penalty,
            min_tokens=1,
        ).strip()

    def answer(self, bursts: Sequence[Burst]) -> str:
        """Give the beginning of what the model says when nobody opens its answer."""
        turns = decision_turns(self._judge.form, bursts, persona=self._judge.persona)
        prompt = self._judge.renderer.render(without_opened(turns))
        return self._written(prompt, max_tokens=MAX_MARKER_TOKENS)

    def likelihood(self, bursts: Sequence[Burst]) -> Likelihood:
        """Tell how likely the reply to the last burst is, which it must have, where it is due."""
        judge = self._judge
        turns = reply_turns(judge.form, bursts, persona=judge.persona)
        begun = opened(turns)
        said = f"{begun} {bursts[-1].reply}" if begun else str(bursts[-1].reply)
        whole: list[Turn] = [*without_opened(turns), {"role": "assistant", "content": said}]
        ids = judge.renderer.render(whole, continue_final_message=True)
        start = _common(_prompt(judge.renderer, turns), ids)
        return self._of_tokens(ids, start) if start < len(ids) < judge.context else Likelihood()

    def in_context(self, shown: Shown, index: int) -> list[Burst]:
        """Give the bursts up to `index` that a prompt holds, about as serving would trim them."""
        judge = self._judge
        budget = prompt_budget(
            max_prompt_tokens=judge.max_prompt_tokens,
            context=judge.context,
            max_reply_tokens=judge.form.sampling.max_tokens,
        )
        window = Window(shown, max_prompt_tokens=budget)
        while True:
            bursts = shown.bursts(window.first, index + 1)
            turns = decision_turns(judge.form, bursts, persona=judge.persona)
            length = len(judge.renderer.render(turns, continue_final_message=True))
            if length <= budget or not window.refused(index):
                return bursts

    def _written(
        self,
        prompt_ids: Sequence[int],
        *,
        max_tokens: int,
        repetition_penalty: float = 1.0,
        min_tokens: int = 0,
    ) -> str:
        request = Request(
            prompt_ids=tuple(prompt_ids),
            max_tokens=max(1, min(max_tokens, self._judge.context - len(prompt_ids))),
            sampling=SamplingOptions(temperature=0, repetition_penalty=repetition_penalty),
            min_tokens=min_tokens,
            stop=self._judge.form.stop,
        )
        steps = self._engine.steps(request)
        return "".join(step.text for step in steps if isinstance(step, Piece))

    @torch.inference_mode()
    def _of_tokens(self, ids: Sequence[int], start: int) -> Likelihood:
        model = self._judge.model
        rows = torch.arange(start - 1, len(ids) - 1, device=model.device)
        logits = model(
            input_ids=torch.tensor([list(ids)], device=model.device),
            use_cache=False,
            logits_to_keep=rows,
        ).logits[0]
        targets = torch.tensor(list(ids[start:]), device=model.device)
        nats = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
        return Likelihood(len(targets), float(nats))


def _prompt(renderer: Renderer, turns: Sequence[Turn]) -> list[int]:
    continues = bool(opened(turns))
    return renderer.render(turns, continue_final_message=continues)


def _common(some: Sequence[int], others: Sequence[int]) -> int:
    pairs = enumerate(zip(some, others, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(some), len(others)))
