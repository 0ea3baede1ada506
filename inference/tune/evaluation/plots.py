"""The plots of a report, each as an SVG text: takes decisions, gives pictures, knows no page."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.tune.metrics import Columns, Floats, calibration_bins, columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from inference.tune.evaluation.run import Judgement

MAX_POINTS = 400  # of a curve; a page with ten thousand is slow and looks the same
# Okabe and Ito's colours: told apart by colour-blind people too. The judged model comes first.
COLOURS = ("#0072b2", "#999999", "#e69f00", "#009e73", "#cc79a7", "#d55e00")
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#8a8f98",
    "axes.grid": True,
    "axes.labelcolor": "#3c4149",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 9.5,
    "grid.color": "#e6e8eb",
    "legend.fontsize": 8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "earshot",
    "text.color": "#3c4149",
    "xtick.color": "#5c626b",
    "ytick.color": "#5c626b",
}


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its title and what it shows in words."""

    title: str
    about: str
    svg: str


def plots(judgements: "Sequence[Judgement]", number: int) -> list[Plot]:
    """Give the plots of file `number`: those that its decisions allow."""
    judges = [(one.name, columns(one.files[number])) for one in judgements]
    model = judges[0][1]
    threshold = judgements[0].threshold
    drawn = [_over_talk(model, threshold), _calibration(model)]
    if model.has_both:
        drawn = [_roc(judges, threshold), _precision_recall(judges, threshold), *drawn]
    return drawn


@contextmanager
def _axes(xlabel: str, ylabel: str) -> "Iterator[tuple[Axes, io.StringIO]]":
    """Give axes from 0 to 1 to draw on, and where the SVG is once they are left."""
    import matplotlib
    from matplotlib.figure import Figure

    written = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(5.2, 3.5), layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        yield axes, written
        figure.savefig(written, format="svg", metadata={"Date": None}, transparent=True)


def _roc(judges: Sequence[tuple[str, Columns]], threshold: float) -> Plot:
    with _axes("share spoken of the others", "share spoken of those due") as (axes, written):
        axes.plot([0, 1], [0, 1], color="#c5c9cf", linewidth=1, linestyle=":")
        for index, (name, data) in enumerate(judges):
            due, other = _reached(data.score[data.due]), _reached(data.score[~data.due])
            steps = _steps(data)
            _curve(axes, other(steps), due(steps), index, name)
            if index == 0:
                axes.plot(other(threshold), due(threshold), "o", color=COLOURS[0])
        axes.legend(loc="lower right")
    about = (
        "Each point is a threshold; the dot is the one in use. The upper left corner is perfect."
    )
    return Plot("ROC", about, _svg(written))


def _precision_recall(judges: Sequence[tuple[str, Columns]], threshold: float) -> Plot:
    with _axes("share spoken of those due (recall)", "due of what was spoken (precision)") as (
        axes,
        written,
    ):
        for index, (name, data) in enumerate(judges):
            steps = _steps(data)
            recall, precision = _recall_precision(data, steps)
            spoken = ~np.isnan(precision)
            _curve(axes, recall[spoken], precision[spoken], index, name)
            if index == 0:
                at_recall, at_precision = _recall_precision(data, np.array([threshold]))
                axes.plot(at_recall, at_precision, "o", color=COLOURS[0])
        rate = float(judges[0][1].due.mean())
        axes.axhline(rate, color="#c5c9cf", linewidth=1, linestyle=":")
    about = f"Colours as in ROC. The dotted line is always speaking: {rate:.0%} are due."
    return Plot("Precision and recall", about, _svg(written))


def _recall_precision(data: Columns, thresholds: Floats) -> tuple[Floats, Floats]:
    due = _reached(data.score[data.due])(thresholds) * data.due.sum()
    spoken = _reached(data.score)(thresholds) * len(data.score)
    precision = np.divide(due, spoken, out=np.full(len(thresholds), np.nan), where=spoken > 0)
    return due / data.due.sum(), precision


def _over_talk(data: Columns, threshold: float) -> Plot:
    curves = [
        ("over-talk", data.score[~data.due & ~data.named], COLOURS[5], "-"),
        ("due and answered", data.score[data.due], COLOURS[0], "-"),
        ("due, names it, answered", data.score[data.due & data.named], COLOURS[3], "--"),
    ]
    with _axes("threshold on P(speak)", "share spoken") as (axes, written):
        at = np.linspace(0, 1, MAX_POINTS)
        for name, scores, colour, style in curves:
            if len(scores):
                axes.plot(at, _reached(scores)(at), style, color=colour, linewidth=1.8, label=name)
        axes.axvline(
            threshold, color="#3c4149", linewidth=1, linestyle=":", label=f"in use: {threshold:.3f}"
        )
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.17), ncols=2)
    about = "What each threshold would give and cost."
    return Plot("Threshold and over-talk", about, _svg(written))


def _calibration(data: Columns) -> Plot:
    bins = calibration_bins(data)
    with _axes("P(speak)", "share due") as (axes, written):
        axes.plot([0, 1], [0, 1], color="#c5c9cf", linewidth=1, linestyle=":")
        promised, due = [one.promised for one in bins], [one.due for one in bins]
        sizes = [18 + 220 * (one.num / len(data.score)) for one in bins]
        axes.plot(promised, due, color=COLOURS[0], linewidth=1.2)
        axes.scatter(promised, due, s=sizes, color=COLOURS[0], alpha=0.75, linewidth=0, zorder=3)
    about = (
        "Ten bins of P(speak), larger where more decisions are; on the line it means what it says."
    )
    return Plot("Calibration", about, _svg(written))


def _curve(axes: "Axes", x: Floats, y: Floats, index: int, name: str) -> None:
    """Draw a judge's curve; one that gives two scores only is a point between two lines."""
    style: dict[str, Any] = {"linewidth": 2.2, "zorder": 4} if index == 0 else {"linewidth": 1.1}
    axes.plot(x, y, color=COLOURS[index % len(COLOURS)], label=_short(name), **style)


def _steps(data: Columns) -> Floats:
    """Give the thresholds at which anything changes, at most MAX_POINTS, from none to all."""
    levels = np.unique(data.score)[::-1]
    if len(levels) > MAX_POINTS:
        levels = levels[np.linspace(0, len(levels) - 1, MAX_POINTS).astype(int)]
    return np.concatenate([[np.inf], levels])


class _reached:  # noqa: N801 - used as a function
    """Gives the share of scores that reach a threshold."""

    def __init__(self, scores: Floats) -> None:
        self._scores = np.sort(scores)

    def __call__(self, threshold: "Floats | float") -> Floats:
        below = np.searchsorted(self._scores, threshold)
        shares: Floats = np.asarray(1 - below / max(1, len(self._scores)), dtype=np.float64)
        return shares


def _short(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"


def _svg(written: io.StringIO) -> str:
    text = written.getvalue()
    return text[text.index("<svg") :]
