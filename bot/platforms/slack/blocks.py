"""The words in Slack's blocks: what people see of them, in plain lines.

Pure. People's messages are one block of rich text, which says more than the text beside it: lists,
code, what an emoji looks like. Apps build theirs of many kinds of blocks; what only can be clicked
says nothing. The kinds are those of https://docs.slack.dev/reference/block-kit.
"""

from collections.abc import Callable, Iterator, Sequence

from bot.platforms.slack.lenient import Payload, number_in, part_of, parts_of, text_in
from bot.platforms.slack.reading import Names, linked, moment_shown, plain, readable

MAX_INDENT = 8  # Slack's own
QUOTE = "> "
_SILENT = frozenset({"actions", "divider", "file", "context_actions"})
_NAMING = ("text", "title", "name", "label", "fallback", "value")  # words of what we do not know


def worded(blocks: Sequence[Payload], names: Names) -> str:
    """Give the words of blocks, one below the other; "" if they have none."""
    return "\n".join(filter(None, (_block(block, names) for block in blocks)))


def _block(block: Payload, names: Names) -> str:
    kind = text_in(block, "type")
    if kind in _SILENT:
        return ""
    if kind == "rich_text":
        return "\n".join(filter(None, (_rich(part, names) for part in parts_of(block, "elements"))))
    if kind == "table":
        return _table(block, names)
    if kind == "image":
        return _image(block, names)
    return "\n".join(filter(None, _composed(block, names)))


def _composed(block: Payload, names: Names) -> Iterator[str]:
    """Give the words of a section, a header, a context, and of kinds that Slack will think of."""
    for key in ("title", "subtitle", "text", "body", "description", "label"):
        yield _words(block, key, names)
    fields = [readable(text_in(each, "text"), names) for each in parts_of(block, "fields")]
    yield "\n".join(filter(None, fields))
    yield " ".join(filter(None, (_element(each, names) for each in parts_of(block, "elements"))))


def _element(element: Payload, names: Names) -> str:
    if text_in(element, "type") == "image":
        return _image(element, names)
    return _words(element, "text", names)


def _words(block: Payload, key: str, names: Names) -> str:
    """Give a text that stands in a block as it is, or as an object of its own."""
    return readable(text_in(block, key) or text_in(part_of(block, key), "text"), names)


def _image(block: Payload, names: Names) -> str:
    about = _words(block, "title", names) or readable(text_in(block, "alt_text"), names)
    return f"(image: {about})" if about else "(image)"


def _table(block: Payload, names: Names) -> str:
    rows = block.get("rows")
    lines = (_row(row, names) for row in rows) if isinstance(rows, list) else ()
    return "\n".join(filter(None, lines))


def _row(row: object, names: Names) -> str:
    cells = parts_of({"cells": row}, "cells")
    return " | ".join(" ".join(_cell(cell, names).split()) for cell in cells)


def _cell(cell: Payload, names: Names) -> str:
    return _block(cell, names) if text_in(cell, "type") == "rich_text" else text_in(cell, "text")


def _rich(part: Payload, names: Names) -> str:
    """Give a part of a rich text: a paragraph, a list, a quote, or code."""
    match text_in(part, "type"):
        case "rich_text_list":
            return _bordered("\n".join(_items(part, names)), part)
        case "rich_text_preformatted":
            return _bordered(f"```\n{_line(part, names)}\n```", part)
        case "rich_text_quote":
            return _quoted(_line(part, names))
        case _:
            return _line(part, names)


def _items(part: Payload, names: Names) -> Iterator[str]:
    indent = "  " * min(max(number_in(part, "indent"), 0), MAX_INDENT)
    is_numbered = text_in(part, "style") == "ordered"
    first = number_in(part, "offset") + 1
    for number, item in enumerate(parts_of(part, "elements"), first):
        mark = f"{number}." if is_numbered else "-"
        yield f"{indent}{mark} {_rich(item, names)}"


def _bordered(text: str, part: Payload) -> str:
    return _quoted(text) if number_in(part, "border") else text


def _quoted(text: str) -> str:
    return "\n".join(f"{QUOTE}{line}" for line in text.splitlines())


def _line(part: Payload, names: Names) -> str:
    return "".join(_inline(each, names) for each in parts_of(part, "elements")).strip("\n")


def _inline(element: Payload, names: Names) -> str:
    kind = text_in(element, "type")
    shown = _INLINE.get(kind)
    text = shown(element, names) if shown else text_in(element, *_NAMING)
    style = part_of(element, "style")
    if text.strip() and style.get("code") is True:
        return f"`{text}`"
    return f"~~{text}~~" if text.strip() and style.get("strike") is True else text


def _text(element: Payload, names: Names) -> str:
    text = element.get("text")
    return text if isinstance(text, str) else ""


def _link(element: Payload, names: Names) -> str:
    return linked(text_in(element, "url"), text_in(element, "text"))


def _user(element: Payload, names: Names) -> str:
    return names.person(text_in(element, "user_id"))


def _usergroup(element: Payload, names: Names) -> str:
    return names.group(text_in(element, "usergroup_id"))


def _channel(element: Payload, names: Names) -> str:
    return names.channel(text_in(element, "channel_id"))


def _broadcast(element: Payload, names: Names) -> str:
    return f"@{text_in(element, 'range') or 'everyone'}"


def _team(element: Payload, names: Names) -> str:
    return "@" + (text_in(element, "name") or "workspace")


def _emoji(element: Payload, names: Names) -> str:
    """Give an emoji itself; of one that somebody drew for a workspace, its name."""
    return _drawn(text_in(element, "unicode")) or f":{text_in(element, 'name') or 'emoji'}:"


def _drawn(code_points: str) -> str:
    try:
        drawn = "".join(chr(int(each, 16)) for each in code_points.split("-"))
    except (ValueError, OverflowError):
        return ""
    return drawn if drawn.isprintable() or "\u200d" in drawn or "\ufe0f" in drawn else ""


def _date(element: Payload, names: Names) -> str:
    """Give a date in the words that its author chose for whoever cannot show it, or else in UTC."""
    fallback = plain(text_in(element, "fallback"))
    return fallback or moment_shown(number_in(element, "timestamp"))


_INLINE: dict[str, Callable[[Payload, Names], str]] = {
    "text": _text,
    "link": _link,
    "user": _user,
    "usergroup": _usergroup,
    "channel": _channel,
    "broadcast": _broadcast,
    "team": _team,
    "emoji": _emoji,
    "date": _date,
}
