"""The frame of what long work shows: a bar on a terminal, whole lines elsewhere; all on stderr."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


class StderrBar:
    """A bar of one task; `columns` stand between the count and the time left, `fields` fill them."""

    def __init__(self, *columns: ProgressColumn, transient: bool = False, **fields: Any) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            *columns,
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=transient,
        )
        self._task = self._bar.add_task("reading", total=None, **fields)

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
        """Take the bar away."""
        self._bar.stop()

    def _say_in_log(self, text: str) -> None:
        """Write a line where no bar is seen."""
        if not self._console.is_terminal:
            self._console.print(text, highlight=False, soft_wrap=True)
