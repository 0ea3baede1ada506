"""Let a model write conversations into a file: what is planned, not there yet, and good enough.

Each conversation is on disk before it counts, so a killed run goes on where it was: the plan is the
same, and what the file holds is not written again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inference.errors import DataBroken, InferenceError, ServerFailed
from inference.tune.data.acceptance import SOURCE, Accepted, Rejected, accepted
from inference.tune.data.brief import brief
from inference.tune.data.duplicates import Seen
from inference.tune.data.line_file import IsOurs, LineFile
from inference.tune.data.model_writer import ModelWriter, WritingFailed
from inference.tune.data.plan import Item, plan
from inference.tune.data.schema import check_line

# The client has tried each of them several times: then it is the server, not the request.
MAX_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """What is asked for. `tries` are the answers asked for an item before it is given up."""

    number: int
    seed: int
    language: str
    concurrency: int
    tries: int


@dataclass(slots=True)
class Progress:
    """How a run stands. `rejected` counts answers by why they were not taken."""

    num_before: int = 0
    num_written: int = 0
    num_given_up: int = 0
    num_answers: int = 0
    num_tokens: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


OnProgress = Callable[[Progress], None]


async def synthesize(
    writer: ModelWriter,
    out: Path,
    options: SynthesisOptions,
    progress: Progress,
    *,
    on_progress: OnProgress,
) -> None:
    """Write what the plan has and the file has not; `progress` follows, also when this fails.

    Raises DataBroken for a file that cannot be used or written, ServerFailed if the server is no
    help.
    """
    seen = Seen()
    with LineFile(out, is_ours=_remembering(seen, out)) as file:
        run = _Run(writer, file, options, progress, on_progress, seen)
        planned = plan(options.number, seed=options.seed)
        missing = [item for item in planned if not run.seen.has_id(item.id)]
        progress.num_before = len(planned) - len(missing)
        on_progress(progress)
        items = iter(missing)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(options.concurrency, len(missing))):
                    group.create_task(run.work(items))
        except ExceptionGroup as group_error:
            ours, _ = group_error.split(InferenceError)
            raise (ours or group_error).exceptions[0] from None


def _remembering(seen: Seen, out: Path) -> IsOurs:
    """Remember what the file holds. Raises DataBroken that names the line that is no conversation."""

    def is_ours(raw: bytes, number: int) -> bool:
        checked = check_line(raw, number)
        if checked is None:
            return False
        if checked.conversation is None:
            raise DataBroken(
                f"{out}, line {number}: {checked.first_error}; correct it, or name another file"
            )
        seen.add(checked.conversation)
        return checked.conversation.source == SOURCE

    return is_ours


@dataclass(slots=True)
class _Run:
    """What the tasks of a run share."""

    writer: ModelWriter
    file: LineFile
    options: SynthesisOptions
    progress: Progress
    on_progress: OnProgress
    seen: Seen
    failures_in_a_row: int = 0

    async def work(self, items: Iterator[Item]) -> None:
        """Write one item after the other, as long as there are any."""
        for item in items:
            if not await self._written(item):
                self.progress.num_given_up += 1
                self.on_progress(self.progress)

    async def _written(self, item: Item) -> bool:
        prompt = brief(item, language=self.options.language)
        for attempt in range(self.options.tries):
            try:
                text = await self.writer.write(prompt, seed=item.seed + attempt)
            except WritingFailed as error:
                self._failed(str(error))
                continue
            self.failures_in_a_row = 0
            self.progress.num_answers += 1
            outcome = self._judged(text, item)
            if isinstance(outcome, Accepted):
                self.file.add(outcome.written)
                self.seen.add(outcome.conversation)
                self.progress.num_written += 1
                self.on_progress(self.progress)
                return True
            self.progress.rejected[outcome.reason] += 1
        return False

    def _judged(self, text: str, item: Item) -> Accepted | Rejected:
        outcome = accepted(text, item, model=self.writer.model)
        if isinstance(outcome, Accepted) and self.seen.is_copy(outcome.conversation):
            return Rejected("it says what another conversation says")
        return outcome

    def _failed(self, reason: str) -> None:
        self.progress.rejected[reason] += 1
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise ServerFailed(
                f"the model server failed {self.failures_in_a_row} times in a row, at last: {reason}"
            )
