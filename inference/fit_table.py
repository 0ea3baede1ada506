"""The table of `earshot doctor --model`: a row for each precision in each place."""

from rich.console import Console
from rich.table import Table

from inference.fit import GB, Fit
from inference.fit_report import FitReport, heading, verdict

PLACES = {"gpu": "GPU", "gpus": "all GPUs", "offload": "GPU + host", "cpu": "CPU"}


def show(report: FitReport, console: Console) -> None:
    """Print the report; it fits 80 columns."""
    console.print(heading(report), highlight=False)
    console.print()
    console.print(_table(report))
    console.print()
    console.print(verdict(report), highlight=False)


def _table(report: FitReport) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("precision")
    table.add_column("on")
    table.add_column("weights", justify="right")
    table.add_column("a token", justify="right")
    table.add_column("usable", justify="right")
    table.add_column("conversations", justify="right")
    for fit in report.rows:
        is_chosen = report.chosen is not None and _same(fit, report.chosen)
        table.add_row(
            ">" if is_chosen else "",
            fit.precision,
            PLACES[fit.placement],
            f"{fit.weights / GB:.1f} GB",
            f"{fit.kv_bytes / 1e3:.0f} kB",
            f"{max(fit.room, 0) / GB:.1f} GB",
            _conversations(fit, report),
            style="bold" if is_chosen else "",
        )
    return table


def _conversations(fit: Fit, report: FitReport) -> str:
    if fit.weights > fit.room:
        return "does not fit"
    return f"{fit.kept_tokens // report.wish.tokens:,}"


def _same(fit: Fit, chosen: Fit) -> bool:
    return (fit.precision, fit.placement) == (chosen.precision, chosen.placement)
