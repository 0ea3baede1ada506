"""Figures for people: one table a file, the judged model first, the baselines below it."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference.tune.metrics import Figures

_COLUMNS = {
    "average_precision": "avg prec",
    "f1": "F1",
    "macro_f1": "macro F1",
    "balanced_accuracy": "bal acc",
    "over_talk": "over- talk",
    "miss_direct": "calls missed",
    "ece": "calib error",
    "threshold": "from",
}
_PERCENT = {"speak_rate", "over_talk", "miss_direct"}
PIPED_WIDTH = 120  # columns, where nobody looks at a terminal
LEGEND = (
    "AUROC with its 95% interval below it (bootstrap over conversations). The figures behind average "
    "precision are at one threshold for all files, in the last column. Over-talk: share spoken of the "
    "messages not due that do not name the assistant. Calls missed: share silent of the due ones that "
    "do."
)


def print_figures(console: Console, rows: Sequence[tuple[str, Sequence[Figures]]]) -> None:
    """Print a table for each file; `rows` are judges by name, each with its figures by file."""
    for number, first in enumerate(rows[0][1]):
        title = f"{escape(first.file)}: {first.n:,} decisions, {first.speak_rate:.1%} due"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("judge", min_width=12)
        for head in ("AUROC", *_COLUMNS.values()):
            table.add_column(head, justify="right", min_width=min(5, len(head)))
        for name, figures in rows:
            table.add_row(escape(name), *_cells(figures[number]))
        console.print(table)
    console.print(LEGEND)


def _cells(given: Figures) -> list[str]:
    auroc = auroc_shown(given).replace(" (", "\n").replace(" to ", "-").replace(")", "")
    return [auroc, *(shown(given, name) for name in _COLUMNS)]


def auroc_shown(given: Figures) -> str:
    """Give AUROC with its interval, "-" where there is none."""
    if given.auroc is None:
        return "-"
    interval = ""
    if given.auroc_low is not None and given.auroc_high is not None:
        interval = f" ({given.auroc_low:.3f} to {given.auroc_high:.3f})"
    return f"{given.auroc:.3f}{interval}"


def shown(given: Figures, name: str) -> str:
    """Give one figure as people read it, "-" where there is none."""
    value = given.to_dict()[name]
    if value is None:
        return "-"
    if name == "n":
        return f"{value:,}"
    return f"{value:.1%}" if name in _PERCENT else f"{value:.3f}"
