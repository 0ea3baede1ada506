"""Which examples come when: epoch after epoch, until the steps are done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inference.errors import TuneRefused
from inference.tune.batches import Lesson, Teaching, epoch
from inference.tune.examples import Example
from inference.tune.loop import Loop


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is learned: `max_steps` steps, or `epochs` times the data where that is None."""

    step_size: int
    epochs: float = 1.0
    max_steps: int | None = None


class Plan:
    """The steps of a run, the same however often it is begun anew.

    Raises TuneRefused if no example is left after cutting.
    """

    def __init__(
        self, teaching: Teaching, lessons: Sequence[Lesson], amount: Amount, *, seed: int
    ) -> None:
        self._teaching = teaching
        self._lessons = lessons
        self._size = amount.step_size
        self._seed = seed
        self._first = self._epoch(0)
        if not self._first:
            raise TuneRefused(
                f"no data is left after cutting to {teaching.max_tokens} tokens: "
                "every message is longer; raise --max-tokens"
            )
        # Epochs of drawn data differ a little in length; each counts as long as the first.
        self._steps_an_epoch = -(-len(self._first) // self._size)
        in_epochs = max(1, round(amount.epochs * self._steps_an_epoch))
        self.num_steps = amount.max_steps or in_epochs

    def run(self, loop: Loop, *, first: int) -> Iterator[tuple[int, float]]:
        """Do the steps from `first` on; give the number of each, from 0, and its loss."""
        while first < self.num_steps:
            number, done = divmod(first, self._steps_an_epoch)
            end = min(self.num_steps, (number + 1) * self._steps_an_epoch)
            examples = self._first if number == 0 else self._epoch(number)
            groups = [
                examples[start : start + self._size]
                for start in range(done * self._size, len(examples), self._size)
            ]
            for step, group in zip(range(first, end), groups, strict=False):
                yield step, loop.step(group, step=step, num_steps=self.num_steps)
            first = end

    def _epoch(self, number: int) -> list[Example]:
        return epoch(self._teaching, self._lessons, seed=self._seed, number=number)
