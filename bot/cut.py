"""What of a model's output may be shown: never a marker, never a line in somebody else's name.

Pure, and the one place where markers are kept from people. Small models go on as the other
speakers, and repeat the markers; both are cut here, in whole replies and in half-streamed ones.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# Any spelling of a marker: case, full-width signs, other brackets, Markdown, invisible characters
# and full stops in and around it. Code may well hold <response> or {response}: those are no markers.
_DRESS = r"[*_`\"'~\\]"
# Tried once for each run of them, not from each of its places: a row of stars must not take long.
_DRESSED = rf"(?<!{_DRESS}){_DRESS}*+"
_PAD = r"[\s*_`\"'~\\.…!\u200b-\u200f\u2060\ufeff\u201c\u201d\u2018\u2019]*+"
_CLOSE = r"[)\]】>}]"
# Full-width signs and letters as ASCII, one for one, so that places in the text stay the same.
_NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(94)}
# What begins a line wherever it is shown, and white space within one. \s is neither: a search from
# each of many line breaks over all the others would take minutes.
_BREAKS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_LINE = rf"(?:\A|[{_BREAKS}])"
_SPACE = rf"[^\S{_BREAKS}]*+"


def _begun(word: str) -> str:
    """Give a pattern for every beginning of a word, also the empty one and the whole."""
    pattern = ""
    for char in reversed(word):
        pattern = f"(?:{re.escape(char)}{pattern})?"
    return pattern


_SILENCE = rf"[(\[【<{{]{_PAD}silence"
_RESPONSE = rf"[(\[【]{_PAD}response"
_MARKER = re.compile(rf"{_DRESSED}(?:{_SILENCE}|{_RESPONSE}){_PAD}{_CLOSE}", re.IGNORECASE)
_UNCLOSED = re.compile(rf"{_DRESSED}(?:{_SILENCE}|{_RESPONSE}){_PAD}\Z", re.IGNORECASE)
_HALF_MARKER = re.compile(
    rf"(?<!{_DRESS}){_DRESS}+\Z"
    rf"|{_DRESSED}[(\[【<{{]{_PAD}(?:{_begun('silence')}|{_begun('response')}){_PAD}\Z",
    re.IGNORECASE,
)
# Dress behind the marker goes with it only where there is some before it: `(response) **Yes**`.
_LEADING_RESPONSE = re.compile(
    rf"\s*(?:{_RESPONSE}{_PAD}{_CLOSE}|{_DRESS}+{_RESPONSE}{_PAD}{_CLOSE}{_DRESS}*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The part of an output that may be shown. `ended`: whatever comes after it is not wanted."""

    text: str
    ended: bool


class Growing:
    """A reply as it is written, of which people see what `shown` gives of so much.

    A tail that may yet become a marker or a speaker's line is held back, so that what is shown only
    grows. Whatever comes before it has been looked through: each piece costs what is new in it.
    """

    def __init__(self, *, speakers: Iterable[str], assistant: str) -> None:
        self._assistant = assistant
        self._names = _longest_first(speakers, assistant)
        self._text = ""  # the whole output until something is shown: the lead may be longer
        self._narrow = ""
        self._sure = 0  # characters that nothing to come can take back

    def grow(self, piece: str) -> Shown:
        """Take what the model wrote next."""
        text = self._text + piece
        narrow = self._narrow + piece.translate(_NARROW)
        if not self._sure:
            text, narrow = _without_lead(text, narrow, self._assistant)
        cut = _cut(narrow, (_MARKER, _speaker_line(self._names)), since=self._sure)
        if cut is not None:
            return Shown(text[:cut].strip(), ended=True)
        held = _doubtful_from(narrow, self._names, since=self._sure)
        part = Shown(text[:held].strip(), ended=False)
        if self._sure or part.text:
            self._text, self._narrow, self._sure = text, narrow, held
        else:
            self._text += piece
            self._narrow += piece.translate(_NARROW)
        return part


def shown(output: str, *, speakers: Iterable[str], assistant: str) -> Shown:
    """Give what people may see of a whole reply.

    A leading `(response)` and the assistant's own name are dropped. The reply ends before the first
    marker in any spelling and before the first line that begins with a known speaker's name and a
    colon; any other `Word:` stays.
    """
    text, narrow = _without_lead(output, output.translate(_NARROW), assistant)
    speaker_line = _speaker_line(_longest_first(speakers, assistant))
    cut = _cut(narrow, (_MARKER, speaker_line, _UNCLOSED))
    return Shown(text[:cut].strip(), ended=cut is not None)


def _longest_first(speakers: Iterable[str], assistant: str) -> tuple[str, ...]:
    return tuple(sorted({*speakers, assistant}, key=len, reverse=True))


def _cut(narrow: str, patterns: Iterable[re.Pattern[str]], *, since: int = 0) -> int | None:
    """Find where the first of some patterns begins that is found from a place on."""
    found = (each.search(narrow, since) for each in patterns)
    return min((match.start() for match in found if match), default=None)


def _without_lead(text: str, narrow: str, assistant: str) -> tuple[str, str]:
    """Drop `(response)` and `assistant:` from the front, as often as the model repeats them."""
    name = _named_line((assistant,), line=r"\s*")
    while lead := _LEADING_RESPONSE.match(narrow) or name.match(narrow):
        text, narrow = text[lead.end() :], narrow[lead.end() :]
    return text, narrow


def _speaker_line(names: tuple[str, ...]) -> re.Pattern[str]:
    return _named_line(names, line=rf"{_LINE}{_SPACE}")


@lru_cache(maxsize=64)
def _named_line(names: tuple[str, ...], *, line: str) -> re.Pattern[str]:
    anyone = "|".join(re.escape(name.translate(_NARROW)) for name in names)
    colon = rf"[*_]*{_SPACE}:"
    plain, dressed = rf"(?:{anyone}){colon}", rf"[*_]+(?:{anyone}){colon}[*_]*"
    return re.compile(rf"{line}(?:{plain}|{dressed})", re.IGNORECASE)


@lru_cache(maxsize=64)
def _half_line(names: tuple[str, ...]) -> re.Pattern[str]:
    anyone = "|".join(_begun(name.translate(_NARROW)) for name in names)
    return re.compile(rf"{_LINE}{_SPACE}[*_]*(?:{anyone})[*_]*{_SPACE}\Z", re.IGNORECASE)


def _doubtful_from(narrow: str, names: tuple[str, ...], *, since: int) -> int:
    """Give the place from which a text may yet become a marker or a speaker's line."""
    half = _HALF_MARKER.search(narrow, since)
    end = half.start() if half else len(narrow)
    line = _half_line(names).search(narrow, since, end)
    return line.start() if line else end
