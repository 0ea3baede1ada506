"""From conversations to the batches of an epoch. Deterministic, given a seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor

from inference.render import Renderer
from inference.tune.examples import Example, LossWeights, conversation_example
from inference.tune.pieces import pieces
from inference.tune.variation import Chances, varied
from inference.wire.chat_form import ChatForm
from inference.wire.conversation_file import FileConversation
from inference.wire.file_bursts import file_bursts
from inference.wire.turns import Burst, Line


@dataclass(frozen=True, slots=True)
class Lesson:
    """A conversation to learn from.

    `when_only`: learn when to speak, not what to say. `weight` is how often it comes in an epoch.
    """

    conversation: FileConversation
    when_only: bool = False
    weight: float = 1.0

    def times(self, random: Random) -> int:
        """Draw how often it comes in this epoch."""
        return int(self.weight) + (random.random() < self.weight % 1)


@dataclass(frozen=True, slots=True)
class Teaching:
    """How lessons become examples. `max_tokens` bounds each."""

    renderer: Renderer
    form: ChatForm
    weights: LossWeights
    chances: Chances
    max_tokens: int

    def examples(self, lesson: Lesson, random: Random) -> Iterator[Example]:
        """Give the examples of one lesson, varied once."""
        shown = varied(file_bursts(lesson.conversation), self.chances, random)
        teaching = replace(
            self,
            form=replace(self.form, assistant_name=shown.assistant_name),
            weights=replace(self.weights, reply=0.0) if lesson.when_only else self.weights,
        )
        yield from teaching.cut(shown.bursts, shown.persona)

    def cut(self, bursts: Sequence[Burst], persona: str) -> Iterator[Example]:
        """Give a conversation as examples of at most `max_tokens`, cut at the front."""
        whole = self._example(bursts, persona)
        if len(whole.ids) <= self.max_tokens:
            yield whole
            return
        ends = [decided.end for decided in whole.decisions]
        lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        header = len(self._example([Burst((Line("x", "x"),))], persona).ids)
        behind = len(whole.ids) - ends[-1]  # ChatML: the line break behind the last turn
        lengths[0] = max(1, lengths[0] + behind - header)
        for piece in pieces(lengths, max_tokens=self.max_tokens - header):
            yield self._example(bursts[piece.start : piece.end], persona, piece.num_context)

    def _example(self, bursts: Sequence[Burst], persona: str, num_context: int = 0) -> Example:
        return conversation_example(
            self.renderer,
            self.form,
            bursts,
            weights=self.weights,
            persona=persona,
            num_context=num_context,
        )


def epoch(
    teaching: Teaching, lessons: Sequence[Lesson], *, seed: int, number: int
) -> list[Example]:
    """Give the examples of epoch `number` in the order they are learned."""
    random = Random(f"{seed}-{number}")
    examples = [
        example
        for lesson in lessons
        for _ in range(lesson.times(random))
        for example in teaching.examples(lesson, random)
        if any(example.weights)
    ]
    random.shuffle(examples)
    return examples


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded examples: ids, attention and weights are (B, T), weights of predicting each id."""

    ids: Tensor
    attention: Tensor
    weights: Tensor


def batch(examples: Sequence[Example], *, pad_id: int) -> Batch:
    """Pad examples on the right to one length."""
    longest = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), longest), pad_id, dtype=torch.long)
    attention = torch.zeros((len(examples), longest), dtype=torch.long)
    weights = torch.zeros((len(examples), longest))
    for row, example in enumerate(examples):
        length = len(example.ids)
        ids[row, :length] = torch.tensor(example.ids)
        attention[row, :length] = 1
        weights[row, :length] = torch.tensor(example.weights)
    return Batch(ids, attention, weights)
