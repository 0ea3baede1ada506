"""Fenced code blocks in a Markdown text, and how a part of it that begins or ends in one is mended.

Pure, and of no platform.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import regex

_SPACE = regex.compile(r"[\s\x1c-\x1f]*+")
_FENCE = regex.compile(
    r"(?m)^(?P<lead>(?:[ \t]{0,20}>[ ]?){0,8}+[ \t]{0,20}+(?:(?:[-*+]|\d{1,9}[.)])[ ]{1,4}+)?)"
    r"(?P<ticks>`{3,10}+)(?P<info>[^`\n]{0,60})$"
)
_CLOSING = r"(?m)(?:\n(?:[ \t]{0,20}>[ ]?){0,8}+[ \t]{0,20}+)?(?<!`)`{%d,}+(?=[ \t]*+$)"


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced code block: from `start` to `end`, its code between `open_end` + 1 and `code_end`.

    `info` is what stands behind the opening fence, mostly a language. `reopen` and `close` are what
    a part that begins or ends within the code begins or ends with, `lead` is what a line begins with.
    """

    start: int
    open_end: int
    code_end: int
    end: int
    info: str
    reopen: str
    close: str
    lead: str


def code_blocks(text: str, *, max_repair: int = 200) -> Iterator[CodeBlock]:
    """Find the fenced code blocks; one that is never closed goes to the end of the text.

    One whose fences are longer than `max_repair` is taken for plain text.
    """
    position = 0
    while opening := _FENCE.search(text, position):
        ticks, info = opening["ticks"], opening["info"]
        closing = regex.compile(_CLOSING % len(ticks)).search(text, opening.end())
        code_end, end = closing.span() if closing else (len(text), len(text))
        lead = regex.sub(r"[^>\s]", " ", opening["lead"])
        reopen, close = f"{lead}{ticks}{info}\n", f"\n{lead}{ticks}"
        is_empty = closing is None and opening.end() == len(text)
        if not is_empty and len(reopen) + len(lead) + len(close) <= max_repair:
            start = after_space(text, opening.start())
            yield CodeBlock(start, opening.end(), code_end, end, info, reopen, close, lead)
        position = end


def after_space(text: str, position: int) -> int:
    """Give the place behind the white space at a place."""
    match = _SPACE.match(text, position)
    return match.end() if match else position
