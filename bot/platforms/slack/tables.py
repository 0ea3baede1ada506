"""Tables of Markdown as lines of fixed width, since Slack's dialect has none. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

MAX_CELL_CHARS = 60  # wider columns are not filled up: a line would break anyway

_RULE = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*)?$")
_CELL_END = re.compile(r"(?<!\\)\|")


def is_row(line: str) -> bool:
    """Tell whether a line may be a row of a table."""
    return "|" in line and bool(line.strip(" \t|"))


def is_rule(line: str) -> bool:
    """Tell whether a line divides a table's head from its body."""
    return _RULE.match(line) is not None


def as_lines(rows: Sequence[str], plain: Callable[[str], str]) -> Iterator[str]:
    """Give a table's lines, its cells filled up to columns. `plain` takes the marks off a cell."""
    cells = [_cells(row, plain) for number, row in enumerate(rows) if number != 1]
    num_columns = max(len(row) for row in cells)
    widths = [
        max(min(_width(row[at]), MAX_CELL_CHARS) for row in cells if at < len(row))
        for at in range(num_columns)
    ]
    for number, row in enumerate(cells):
        padded = (cell + " " * (widths[at] - _width(cell)) for at, cell in enumerate(row))
        yield " | ".join(padded).rstrip()
        if number == 0:
            yield "-+-".join("-" * width for width in widths)


def _cells(row: str, plain: Callable[[str], str]) -> list[str]:
    row = row.strip()
    row = row.removeprefix("|")
    if row.endswith("|") and not row.endswith("\\|"):
        row = row[:-1]
    return [plain(cell.replace("\\|", "|").strip()) for cell in _CELL_END.split(row)]


def _width(text: str) -> int:
    """Count the columns that a text takes: letters of Chinese and Japanese take two."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide
