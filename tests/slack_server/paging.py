"""Pages of a list, from one cursor to the next."""

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.slack_server.refusals import Refused
from tests.slack_server.world import Json

Item = TypeVar("Item")


def page(
    items: Sequence[Item], args: Json, *, default: int = 100, most: int = 1000
) -> tuple[list[Item], str]:
    """Give the items of the page that is asked for, and the cursor of the next, "" at the end."""
    limit = args.get("limit") or default
    if not 1 <= limit <= most:
        raise Refused("invalid_limit")
    start = _start(args.get("cursor") or "")
    end = start + limit
    return list(items[start:end]), _cursor(end) if end < len(items) else ""


def next_cursor(cursor: str) -> Json:
    return {"response_metadata": {"next_cursor": cursor}}


def _cursor(start: int) -> str:
    return base64.b64encode(f"next:{start}".encode()).decode()


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, start = base64.b64decode(cursor, validate=True).decode().partition(":")
        assert word == "next"
        return int(start)
    except (ValueError, AssertionError) as error:
        raise Refused("invalid_cursor") from error


def cursor_at(value: Any) -> str:
    """Give a cursor that says where to go on, other than by number."""
    return base64.b64encode(f"at:{value}".encode()).decode()


def read_at(cursor: str) -> str:
    """Read such a cursor; raise `Refused` if it is none."""
    try:
        word, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError as error:
        raise Refused("invalid_cursor") from error
    if word != "at":
        raise Refused("invalid_cursor")
    return value
