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


def shown(output: str, *, speakers: Iterable[str], assistant: str, whole: bool) -> Shown:
    """Give what people may see of a reply.

    A leading `(response)` and the assistant's own name are dropped. The reply ends before the first
    marker in any spelling and before the first line that begins with a known speaker's name and a
    colon; any other `Word:` stays. Unless `whole`, a tail that may yet become one of these is held
    back, so that what is shown of a growing output only grows.
    """
    text = _without_lead(output, assistant)
    narrow = text.translate(_NARROW)
    names = tuple(sorted({*speakers, assistant}, key=len, reverse=True))
    patterns = [_MARKER, _speaker_line(names), *([_UNCLOSED] if whole else [])]
    cuts = [match.start() for match in (each.search(narrow) for each in patterns) if match]
    if cuts:
        return Shown(text[: min(cuts)].strip(), ended=True)
    held = len(text) if whole else _doubtful_from(narrow, names)
    return Shown(text[:held].strip(), ended=False)


def _without_lead(output: str, assistant: str) -> str:
    """Drop `(response)` and `assistant:` from the front, as often as the model repeats them."""
    text, name = output, _named_line((assistant,), line=r"\s*")
    while lead := _LEADING_RESPONSE.match(narrow := text.translate(_NARROW)) or name.match(narrow):
        text = text[lead.end() :]
    return text


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


def _doubtful_from(narrow: str, names: tuple[str, ...]) -> int:
    """Give the place from which a text may yet become a marker or a speaker's line."""
    half = _HALF_MARKER.search(narrow)
    sure = narrow[: half.start()] if half else narrow
    line = _half_line(names).search(sure)
    return line.start() if line else len(sure)
