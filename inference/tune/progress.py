"""What a training run shows: loss, dev AUROC and the time left; a line now and then in a log file."""

import time

from rich.progress import TextColumn

from inference.tune.dev import DevScores
from inference.tune.terminal import StderrBar

LINE_EVERY = 10  # steps, where nobody watches


class TrainingBar(StderrBar):
    """Loss and dev AUROC beside the bar."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("loss {task.fields[loss]:.3f}"),
            TextColumn("dev AUROC {task.fields[auroc]}"),
            loss=float("nan"),
            auroc="-",
        )
        self._num_steps = 0
        self._first = 0
        self._began = 0.0
        self._losses: list[float] = []

    def warned(self, text: str) -> None:
        """Print a warning, above the bar if there is one."""
        self._say(f"Note: {text}.")

    def doing(self, what: str) -> None:
        """Say what goes on outside the steps."""
        self._bar.update(self._task, description=what)
        self._say_in_log(what)

    def begun(self, num_steps: int, *, first: int) -> None:
        """Show that `num_steps` steps lie ahead, those before `first` done already."""
        self._num_steps, self._first, self._began = num_steps, first, time.monotonic()
        self._bar.update(self._task, total=num_steps, completed=first, description="training")
        self._say_in_log(f"{num_steps} steps" + (f", going on from {first}" if first else ""))

    def stepped(self, step: int, loss: float) -> None:
        """Show a step and the mean loss of the last ones."""
        self._losses = [*self._losses[-LINE_EVERY + 1 :], loss]
        mean = sum(self._losses) / len(self._losses)
        self._bar.update(self._task, completed=step + 1, loss=mean)
        if (step + 1) % LINE_EVERY == 0:
            done, ahead = step + 1 - self._first, self._num_steps - step - 1
            left_s = (time.monotonic() - self._began) / done * ahead
            self._say_in_log(f"step {step + 1}, loss {mean:.3f}, {left_s / 60:.0f} min left")

    def looked(self, step: int, scores: DevScores) -> None:
        """Show how well dev messages are told apart."""
        mean = scores.mean_auroc
        self._bar.update(self._task, auroc="-" if mean is None else f"{mean:.3f}")
        shown = ", ".join(
            f"{name} {'-' if auroc is None else f'{auroc:.3f}'} (speaks {scores.spoken[name]:.1%})"
            for name, auroc in scores.auroc.items()
        )
        self._say(f"step {step + 1}, dev AUROC: {shown}")
