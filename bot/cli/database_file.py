"""Where the history lies, if it is a file: whether it is there is asked before it would be made."""

from pathlib import Path
from urllib.parse import unquote, urlsplit


def sqlite_file(url: str) -> Path | None:
    """Give the file of an SQLite history; None for another database."""
    parts = urlsplit(url)
    is_sqlite = parts.scheme.partition("+")[0] == "sqlite"
    return Path(unquote(parts.path.removeprefix("/"))) if is_sqlite else None
