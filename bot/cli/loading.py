"""Shows on a terminal how far the model is, as a bar at the bottom that goes once it is ready.

In a pipe there is no bar: the worker's log lines say the same.
"""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from bot.supervisor import WorkerStatus


class LoadingBar:
    """The bar, as a context manager; call it with every status of the worker.

    Whatever else is printed meanwhile goes through `say` or sys.stderr, to stand above the bar.
    `ready` is said once the model is: what connected before could not answer yet.
    """

    def __init__(self, console: Console, *, ready: str = "") -> None:
        self._console = console
        self._ready = ready
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            console=console,
            transient=True,
            disable=not console.is_interactive,
        )
        self._task: TaskID | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        """Show nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def __call__(self, status: WorkerStatus) -> None:
        """Show a status; the first start is shown only, later ones are for the log."""
        if self._is_over:
            return
        if status.state in ("ready", "failed"):
            self._is_over = True
            self._bar.stop()
            if self._ready and status.state == "ready":
                self.say(self._ready)
            return
        self._show(status)
        self._bar.start()

    def say(self, text: str) -> None:
        """Print a line; a long one is not broken, so that links in it stay whole."""
        self._console.print(text, soft_wrap=True)

    def _show(self, status: WorkerStatus) -> None:
        """A task that has had a total cannot go back to none, so it is replaced."""
        total = None if status.progress is None else 1.0
        if self._task is None or total != self._bar.tasks[0].total:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._task = self._bar.add_task(status.detail, total=total)
        self._bar.update(self._task, description=status.detail, completed=status.progress)
