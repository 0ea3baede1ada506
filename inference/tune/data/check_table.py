"""Show what a check found: for people as a table, for programs as JSON."""

import json
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from inference.tune.data.check import Contents, Report
from inference.tune.data.faults import Gravity
from inference.tune.terminal import table_console

PIPED_WIDTH = 160  # columns; what goes into a file need not fit a window

_COLUMNS: tuple[tuple[str, Callable[[Contents], str]], ...] = (
    ("chats", lambda held: f"{held.num_conversations:,}"),
    ("usable", lambda held: f"{len(held.lengths):,}"),
    ("messages", lambda held: f"{held.messages:,}"),
    ("answered", lambda held: f"{held.speak_share:.1%}"),
    ("name it", lambda held: f"{held.naming / max(held.messages, 1):.1%}"),
    ("people", lambda held: _span(held.people)),
    ("length", lambda held: f"{held.median_length:g} ({_span(held.lengths)})"),
    ("longest", lambda held: f"{held.longest_chars:,}"),
    ("copies", lambda held: f"{held.num_duplicates:,}"),
)


def print_report(report: Report, *, errors_only: bool) -> None:
    """Print every fault and the summary to stdout."""
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    for fault in report.faults:
        if fault.gravity is Gravity.ERROR or not errors_only:
            style = "red" if fault.gravity is Gravity.ERROR else "yellow"
            console.print(str(fault), style=style)
    table_console(piped_width=PIPED_WIDTH).print(_table(report))
    console.print(_verdict(report))


def as_json(report: Report) -> str:
    """Give the report as one JSON object."""
    return json.dumps(
        {
            "trainable": report.can_be_trained_on,
            "files": [_file(held, report) for held in report.contents],
            "faults": [
                {
                    "file": fault.file,
                    "line": fault.line,
                    "gravity": fault.gravity.value,
                    "reason": fault.reason,
                }
                for fault in report.faults
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _table(report: Report) -> Table:
    table = Table(
        caption="answered: messages of people that the assistant follows; length: messages"
    )
    table.add_column("file", overflow="fold")
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right")
    for title in ("errors", "warnings"):
        table.add_column(title, justify="right")
    shared = _shared_folder([held.file for held in report.contents])
    for held in report.contents:
        counts = [f"{report.count(gravity, held.file):,}" for gravity in Gravity]
        name = Text(held.file.removeprefix(shared))
        table.add_row(name, *(show(held) for _, show in _COLUMNS), *counts)
    return table


def _shared_folder(files: list[str]) -> str:
    """Give the beginning that all paths share, up to a slash: it would only take up room."""
    folders = {file[: file.rfind("/") + 1] for file in files}
    return folders.pop() if len(folders) == 1 else ""


def _verdict(report: Report) -> str:
    errors, warnings = report.count(Gravity.ERROR), report.count(Gravity.WARNING)
    if errors:
        return f"{_counted(errors, 'error')}: this cannot be trained on as it is."
    return f"This can be trained on. {_counted(warnings, 'warning')}."


def _counted(number: int, noun: str) -> str:
    return f"{number or 'No'} {noun}{'' if number == 1 else 's'}"


def _span(numbers: list[int]) -> str:
    if not numbers:
        return "-"
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def _file(held: Contents, report: Report) -> dict[str, object]:
    return {
        "file": held.file,
        "conversations": held.num_conversations,
        "usable": len(held.lengths),
        "messages": held.messages,
        "speak": held.speak,
        "speak_share": round(held.speak_share, 4),
        "naming_it": held.naming,
        "people": [min(held.people, default=0), max(held.people, default=0)],
        "median_length": held.median_length,
        "max_length": max(held.lengths, default=0),
        "longest_message_chars": held.longest_chars,
        "duplicates": held.num_duplicates,
        "errors": report.count(Gravity.ERROR, held.file),
        "warnings": report.count(Gravity.WARNING, held.file),
    }
