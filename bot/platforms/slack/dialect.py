"""The model's Markdown as Slack's own dialect, mrkdwn: line by line, and block by block.

Pure. Whatever the model writes, nothing of it pings. What Slack cannot show is shown as well as it can:
headings are bold lines, tables stand in fixed width, pictures are links.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from bot.platforms.slack.inline import MAX_DEPTH, escaped, inline, plain, sendable, unfenced
from bot.platforms.slack.tables import as_lines, is_row, is_rule

RULE = "─" * 10
BULLETS = ("•", "◦", "▪")

_FENCE = re.compile(
    r"^(?P<lead>[ \t]*)(?P<item>(?:[-*+]|\d{1,9}[.)])[ \t]{1,4})?(?P<ticks>`{3,}|~{3,})[^`]*$"
)
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(?P<words>.*)$")
_LINE = re.compile(r"^[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"^(?P<lead>[ \t]*)(?P<mark>[-*+]|\d{1,9}[.)])[ \t]+(?P<words>.*)$")
_TASK = re.compile(r"^\[(?P<done>[ xX])\][ \t]+")


def mrkdwn(text: str) -> str:
    """Give a text of the model's as Slack's `text` takes it. Code keeps its characters."""
    return "\n".join(_blocks(sendable(text).split("\n")))


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """Convert lines, block by block."""
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence:
            end = _fence_end(lines, at, fence)
            yield from _code(lines[at + 1 : end], fence)
            at = end + 1
        elif _QUOTE.match(lines[at]):
            end = at
            while end < len(lines) and _QUOTE.match(lines[end]):
                end += 1
            inner = [_QUOTE.sub("", line, count=1) for line in lines[at:end]]
            yield from (f"> {line}".rstrip() for line in _blocks(inner))
            at = end
        elif is_row(lines[at]) and at + 1 < len(lines) and is_rule(lines[at + 1]):
            end = at + 2
            while end < len(lines) and is_row(lines[end]):
                end += 1
            yield from _table(lines[at:end])
            at = end
        else:
            yield _line(lines[at])
            at += 1


def _fence_end(lines: Sequence[str], at: int, fence: re.Match[str]) -> int:
    ticks = fence["ticks"]
    for number in range(at + 1, len(lines)):
        line = lines[number].strip()
        if len(line) >= len(ticks) and set(line) == {ticks[0]}:
            return number
    return len(lines)


def _code(lines: Sequence[str], fence: re.Match[str]) -> Iterator[str]:
    """Give a code block without its language, which Slack would show as code."""
    lead = len(fence["lead"] + (fence["item"] or ""))
    if fence["item"]:
        yield f"{fence['lead']}{_bullet(fence['item'].strip(), 0)}"
    yield "```"
    for line in lines:
        spaces = len(line) - len(line.lstrip(" \t"))
        yield _in_code(line[min(lead, spaces) :])
    yield "```"


def _in_code(line: str) -> str:
    return unfenced(escaped(line))


def _table(lines: Sequence[str]) -> Iterator[str]:
    yield "```"
    words = partial(plain, with_addresses=True)  # nothing is a link in fixed width
    yield from (_in_code(line) for line in as_lines(lines, words))
    yield "```"


def _line(line: str) -> str:
    if heading := _HEADING.match(line):
        return _bold(_unclosed(heading["words"].strip()))
    if _LINE.match(line):
        return RULE
    item = _ITEM.match(line)
    if item is None:
        return inline(line)
    words = item["words"]
    bullet = _bullet(item["mark"], _depth(item["lead"]))
    if task := _TASK.match(words):
        bullet = "☐" if task["done"] == " " else "☑"
        words = words[task.end() :]
    return f"{'    ' * _depth(item['lead'])}{bullet} {inline(words)}"


def _depth(lead: str) -> int:
    return min(len(lead.expandtabs(4)) // 2, 2 * MAX_DEPTH)


def _bullet(mark: str, depth: int) -> str:
    return mark if mark[0].isdigit() else BULLETS[min(depth, len(BULLETS) - 1)]


def _unclosed(heading: str) -> str:
    """Take off the signs that may stand behind a heading; those of a word, as in C#, stay."""
    words = heading.rstrip("#")
    return words.rstrip() if not words or words[-1].isspace() else heading


def _bold(words: str) -> str:
    """Give a heading as a bold line; marks within it would end the bold."""
    shown = inline(words, within=frozenset({"bold", "both"}))
    return f"*{shown}*" if shown.strip() else shown
