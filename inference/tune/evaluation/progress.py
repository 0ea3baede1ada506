"""What an evaluation shows while it runs: a bar on a terminal, a line a file elsewhere; on stderr."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class EvaluationBar:
    """A watcher of an evaluation."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it."""
        self._bar.stop()

    def doing(self, what: str, *, total: int | None = None) -> None:
        """Say what is done now."""
        self._bar.reset(self._task, description=what, total=total)
        if not self._console.is_terminal:
            steps = "" if total is None else f" ({total:,} to do)"
            self._console.print(f"{what}{steps}", highlight=False)

    def advance(self, num: int) -> None:
        """Count."""
        self._bar.advance(self._task, num)
