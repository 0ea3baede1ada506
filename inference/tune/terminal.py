"""What commands show at a terminal and elsewhere: a bar for long work, on stderr; tables, on stdout."""

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


def table_console(*, piped_width: int) -> Console:
    """Give a console for tables: as wide as the window, or `piped_width` columns where none is."""
    console = Console(emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = piped_width
    return console


class StderrBar:
    """A bar of one task; `columns` stand between the count and the time left, `fields` fill them."""

    def __init__(self, *columns: ProgressColumn, transient: bool = False, **fields: Any) -> None:
        self._console = Console(stderr=True, emoji=False)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
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
            self._say(text)

    def _say(self, text: str) -> None:
        """Write a line as it is, names with brackets too; above the bar if there is one."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)
