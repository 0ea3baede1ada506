"""The two consoles: answers go to stdout, so that a pipe gets nothing else; the rest to stderr.

Markup is off: people's text is printed as it stands, square brackets too.
"""

from rich.console import Console


def out() -> Console:
    """Give the console for what was asked for. It follows sys.stdout, so make it when it is used."""
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=True)


def err() -> Console:
    """Give the console for errors, progress and notes."""
    return Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print an error, in red where the terminal has colors."""
    err().print(text, style="red")
