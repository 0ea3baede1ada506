"""What an evaluation shows while it runs: a bar on a terminal, a line a file elsewhere; on stderr."""

from inference.tune.terminal import StderrBar


class EvaluationBar(StderrBar):
    """A watcher of an evaluation."""

    def __init__(self) -> None:
        super().__init__(transient=True)

    def doing(self, what: str, *, total: int | None = None) -> None:
        """Say what is done now."""
        self._bar.reset(self._task, description=what, total=total)
        self._say_in_log(what if total is None else f"{what} ({total:,} to do)")

    def advance(self, num: int) -> None:
        """Count."""
        self._bar.advance(self._task, num)
