"""Writes the help of the commands that `earshot` hands over, for its page of the command line.

    python -m inference.reference

prints one JSON object: the command as it is typed behind `earshot`, and its help as Markdown.
"""

import json
from typing import Any

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from inference.__main__ import HANDED_OVER, app


def handed_over() -> dict[str, str]:
    """Give the Markdown of each command that is handed over, headings included."""
    group: Any = get_command(app)
    context = typer.Context(group, info_name="earshot")
    found: dict[str, str] = {}
    for name in HANDED_OVER:
        found |= _described(group.get_command(context, name), context, prefix="earshot", level=1)
    return found


def _described(command: Any, context: Any, *, prefix: str, level: int) -> dict[str, str]:
    called = f"{prefix} {command.name}"
    if not hasattr(command, "commands"):
        text = get_docs_for_click(obj=command, ctx=context, indent=level, call_prefix=prefix)
        return {called: text.strip()}
    found: dict[str, str] = {}
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        found |= _described(inner, context, prefix=called, level=level + 1)
    return found


if __name__ == "__main__":
    print(json.dumps(handed_over()))  # noqa: T201 - it is what this is for
