"""Long replies in parts that a chat platform takes, cut where a reader would cut them.

Pure, and of no platform: only the limit is said. Lengths are counted in UTF-16 code units: platforms
do not say what they count, and code units are never fewer than code points.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import regex

from bot.code_blocks import CodeBlock, after_space, code_blocks

MIN_CHARS = 20  # the least limit: room for the repairs of a code block and for some of its code
_MIN_FILL = 3  # a part is at least one third full where it is cut at a place that reads well
_MAX_REPAIR = 3  # what is added to a part to mend a code block or a quote is at most a third of it

# Chinese and Japanese: full stop, exclamation and question mark; semicolon, commas. No space follows.
_WIDE_END, _WIDE_PAUSE = r"\u3002\uff01\uff1f", r"\uff1b\uff0c\u3001"
# Not before what combines with the space: it would be torn off.
_GAP = regex.compile(
    r"[\s\x1c-\x1f]++(?![\p{M}\u200d])"
    rf"|(?<=[{_WIDE_END}{_WIDE_PAUSE}])(?=[^\s\x1c-\x1f\p{{M}}\p{{P}}\u200d])"
)
_SENTENCE_END = regex.compile(rf"(?<=[.!?\u2026{_WIDE_END}][\"')*_\]\p{{Pe}}\p{{Pf}}]{{0,4}})")
_GRAPHEME = regex.compile(r"\X")
# At the beginning of a part these would make a list, a heading, a quote or a block of plain words.
_BLOCK_START = regex.compile(r"(?:[-*+]|-?#{1,6}|>{1,3}|\d{1,9}[.)])\s|`{3}")
_HEADING = regex.compile(r"-?#{1,6}[ \t]")
_QUOTE = regex.compile(r"(?:[ \t]{0,3}>[ ]?){1,8}+")
_MARKER = r"(?:[-*+\u2022\u25e6\u25aa\u2610\u2611]|\d{1,9}[.)])"  # also as bullets and boxes
_LIST_ITEM = regex.compile(
    rf"(?m)^[ \t]*+(?:>[ ]?)*+{_MARKER}[ \t][^\n]*\S"
    rf"(?:\n[ \t]++(?!{_MARKER}\s|[>`])[^\n]*\S)*"
)
# Code, links, emoji, entities, emphasis. Each alternative stops at what could begin it anew, or after
# some hundred characters: a long row of brackets takes no longer.
_WHOLE = regex.compile(
    r"(?<!`)(`++)[^\n]{1,500}?(?<!`)\1(?!`)"
    r"|!?\[(?:[^\[\]\n]|\[[^\[\]\n]*+\])*+\]"
    r"\((?:[^()\s]|\([^()\s]*+\))*+(?:[ \t]\"[^\"\n]*+\")?\)"
    r"|<[^<>\n]++>"
    r"|\bhttps?://[^\s<>]++"
    r"|:[\w+-]{1,64}:"
    r"|&(?:amp|lt|gt);"
    r"|(?<![*_~|])(\*{1,3}|_{1,3}|~~|\|\|)(?=[^\s*_~|])[^*_~|\n]{1,300}+\2"
)


class _Kind(IntEnum):
    """Places to cut at, from those that read best to those that read worst."""

    PARAGRAPH = 1
    LINE = 2
    CODE_GAP = 3
    CODE_LINE = 4
    SENTENCE = 5
    WORD = 6


@dataclass(frozen=True, slots=True)
class _Cut:
    """A part ends at `end` with `close`, the next one goes on at `next` after `reopen`."""

    end: int
    next: int
    kind: _Kind
    close: str = ""
    reopen: str = ""


def split(text: str, *, max_chars: int, first_max_chars: int | None = None) -> list[str]:
    """Give the parts of a text, none empty and none longer than `max_chars` code units.

    `first_max_chars` is the room of the first part, if it is another. A code block that is cut is
    closed and opened again, and so is a quote; one that the text leaves open is closed. List items,
    links, inline code, emoji and emphasis are cut only where one alone is too long. Nothing is lost
    but white space at the cuts. Raises ValueError for a limit below 20.
    """
    first = max_chars if first_max_chars is None else first_max_chars
    if min(first, max_chars) < MIN_CHARS:
        raise ValueError(f"parts of a text have room for at least {MIN_CHARS} characters")
    cutter = _Cutter(text.strip(), max_chars=max_chars, max_repair=min(first, max_chars))
    return list(cutter.parts(first))


def num_units(text: str) -> int:
    """Count the UTF-16 code units of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class _Cutter:
    """One text on its way into parts. Every part looks only at its own stretch of the text."""

    def __init__(self, text: str, *, max_chars: int, max_repair: int) -> None:
        self._text = text
        self._max_chars = max_chars
        self._max_repair = max_repair // _MAX_REPAIR
        self._blocks = list(code_blocks(text, max_repair=self._max_repair))
        self._starts = [block.start for block in self._blocks]
        self._whole = _wholes(text, self._blocks, max_chars=max_chars)

    def parts(self, first_max_chars: int) -> Iterator[str]:
        """Give the parts one by one."""
        position, reopen, limit = 0, "", first_max_chars
        while position < len(self._text):
            room = limit - num_units(reopen)
            cut = self._last(position, room) or self._cut(position, room)
            yield reopen + self._text[position : cut.end].rstrip() + cut.close
            position, limit = cut.next, self._max_chars
            reopen = cut.reopen if cut.close else self._quote_at(position)
            if not self._is_code(position):
                position = after_space(self._text, position)
            elif (indented := after_space(self._text, position)) - position > self._max_repair:
                position = indented

    def _last(self, position: int, room: int) -> _Cut | None:
        """Give the end of the text if it is in reach."""
        end = len(self._text)
        last = self._blocks[-1] if self._blocks else None
        close = last.close if last and last.code_end == end else ""
        if end - position > room or num_units(self._text[position:]) + len(close) > room:
            return None
        return _Cut(end, end, _Kind.PARAGRAPH, close)

    def _cut(self, position: int, room: int) -> _Cut:
        reach = _Reach(self._text, position, room)
        best: dict[_Kind, _Cut] = {}
        begin = after_space(self._text, position) + 1
        for gap in _GAP.finditer(self._text, begin, reach.of("") + 1):
            cut = self._at_gap(gap.start())
            if cut is not None and cut.end <= reach.of(cut.close):
                best[cut.kind] = cut
        for kind in _Kind:
            cut = best.get(kind)
            if cut is not None and (cut.end - position) * _MIN_FILL >= room:
                return cut
        torn = self._between_graphemes(position, reach)
        return max([*best.values(), torn], key=lambda cut: (cut.end, -cut.kind))

    def _at_gap(self, start: int) -> _Cut | None:
        """Classify a gap between words as a place to cut; None: not here."""
        gap = _GAP.match(self._text, start)
        if gap is None or self._whole[start]:
            return None
        block, end = self._block_at(start), gap.end()
        if block is not None:
            return _in_code(self._text, block, start, end)
        num_breaks = self._text.count("\n", start, end)
        if num_breaks:
            if _HEADING.match(self._text, self._text.rfind("\n", 0, start) + 1):
                return None  # a heading stays with what it is the heading of
            return _Cut(start, end, _Kind.PARAGRAPH if num_breaks > 1 else _Kind.LINE)
        if _BLOCK_START.match(self._text, end):
            return None
        kind = _Kind.SENTENCE if _SENTENCE_END.match(self._text, start) else _Kind.WORD
        return _Cut(start, end, kind)

    def _between_graphemes(self, position: int, reach: "_Reach") -> _Cut:
        """Cut where nothing better is in reach: between graphemes, at worst between characters.

        What is to stay whole is cut only if it begins where the part does.
        """
        limit = reach.of("")
        window = self._text[position : limit + 1]
        ends = [position + match.end() for match in _GRAPHEME.finditer(window)]
        torn = list(range(position + 1, limit + 1))
        for places, may_tear in ((ends, False), (ends, True), (torn, True)):
            for place in reversed(places):
                if place > limit or not (may_tear or self._is_quiet(place)):
                    continue
                cut = self._anywhere(position, place)
                if cut is not None and cut.end <= reach.of(cut.close):
                    return cut
        raise AssertionError("a part has room for a character")

    def _is_quiet(self, place: int) -> bool:
        """Tell whether a cut here neither tears what is whole nor begins a list or the like."""
        begins = _BLOCK_START.match(self._text, after_space(self._text, place))
        return begins is None and not self._whole[place]

    def _anywhere(self, position: int, place: int) -> _Cut | None:
        if after_space(self._text, position) >= place:
            return None
        block = self._block_at(place)
        if block is None:
            return _Cut(place, place, _Kind.WORD)
        if not block.open_end + 1 < place < block.code_end:
            return None
        return _in_code(self._text, block, place, after_space(self._text, place))

    def _block_at(self, place: int) -> CodeBlock | None:
        """Find the code block that a cut at this place would tear."""
        index = bisect_left(self._starts, place) - 1
        block = self._blocks[index] if index >= 0 else None
        return block if block is not None and place < block.end else None

    def _is_code(self, place: int) -> bool:
        block = self._block_at(place)
        return block is not None and place > block.open_end

    def _quote_at(self, place: int) -> str:
        """Give the marks of the quote whose line is cut here."""
        line_start = self._text.rfind("\n", 0, place) + 1
        quote = _QUOTE.match(self._text, line_start, place)
        if quote is None or quote.end() == place or len(quote.group()) > self._max_repair:
            return ""
        return str(quote.group())


class _Reach:
    """How far a part can go from a position, given what has to be added at its end."""

    def __init__(self, text: str, position: int, room: int) -> None:
        self._window = text[position : position + room].encode("utf-16-le", "surrogatepass")
        self._position = position
        self._room = room
        self._known: dict[int, int] = {}

    def of(self, close: str) -> int:
        """Give the last place at which a part may end that is then closed so."""
        room = self._room - len(close)
        if room not in self._known:
            fitting = self._window[: 2 * room].decode("utf-16-le", "ignore")
            self._known[room] = self._position + len(fitting)
        return self._known[room]


def _in_code(text: str, block: CodeBlock, start: int, end: int) -> _Cut | None:
    """Classify a place within a code block. The code's indentation is kept."""
    if start <= block.open_end or start > block.code_end:
        return None
    if end >= block.code_end:  # nothing but the closing fence comes after it
        return _Cut(start, block.end, _Kind.LINE, block.close)
    num_breaks = text.count("\n", start, end)
    if not num_breaks:
        return _Cut(start, end, _Kind.WORD, block.close, block.reopen + block.lead)
    kind = _Kind.CODE_GAP if num_breaks > 1 else _Kind.CODE_LINE
    return _Cut(start, text.rindex("\n", start, end) + 1, kind, block.close, block.reopen)


def _wholes(text: str, blocks: Sequence[CodeBlock], *, max_chars: int) -> bytearray:
    """Mark the places that lie within something to be kept whole, and that a part has room for."""
    marks = bytearray(len(text) + 1)
    for pattern in (_LIST_ITEM, _WHOLE):
        for match in pattern.finditer(text):
            start, end = match.span()
            if end - start > 1 and num_units(match.group()) <= max_chars:
                marks[start + 1 : end] = b"\x01" * (end - start - 1)
    for block in blocks:
        marks[block.start : block.end] = bytes(block.end - block.start)
    return marks
