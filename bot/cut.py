"""What of a model's output may be shown: never a marker, never a line in somebody else's name.

Pure, and the one place where markers are kept from people. Small models go on as the other
speakers, and repeat the markers; both are cut here, in whole replies and in half-streamed ones.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Any spelling of a marker: case, spaces, square or full-width brackets, Markdown around them.
_OPEN, _CLOSE, _DRESS = r"[(\[\uff08\u3010]", r"[)\]\uff09\u3011]", r"[*_`\"']*"
_MARKER = re.compile(rf"{_DRESS}{_OPEN}\s*(?:silence|response)\s*{_CLOSE}{_DRESS}", re.IGNORECASE)
_LEADING_RESPONSE = re.compile(
    rf"\s*{_DRESS}{_OPEN}\s*response\s*{_CLOSE}{_DRESS}\s*", re.IGNORECASE
)
# The beginning of one at the very end of a half-streamed text: it may become a marker.
_HALF_MARKER = re.compile(rf"[*_`\"']+$|{_DRESS}{_OPEN}\s*[a-z]{{0,8}}\s*$", re.IGNORECASE)


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
    back.
    """
    leading = _LEADING_RESPONSE.match(output)
    text = output[leading.end() :] if leading else output
    text = re.sub(rf"^\s*{re.escape(assistant)}\s*:\s*", "", text, flags=re.IGNORECASE)
    names = [*speakers, assistant]
    cuts = [
        match.start()
        for match in (_MARKER.search(text), _speaker_line(names).search(text))
        if match
    ]
    if cuts:
        return Shown(text[: min(cuts)].strip(), ended=True)
    if not whole:
        text = _without_doubtful_tail(text, names)
    return Shown(text.strip(), ended=False)


def _speaker_line(names: Iterable[str]) -> re.Pattern[str]:
    anyone = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"^\s*[*_]*(?:{anyone})[*_]*\s*:", re.IGNORECASE | re.MULTILINE)


def _without_doubtful_tail(text: str, names: Iterable[str]) -> str:
    text = _HALF_MARKER.sub("", text)
    before, newline, last_line = text.rpartition("\n")
    start = last_line.strip().strip("*_").casefold()
    if any(name.casefold().startswith(start) or start == name.casefold() for name in names):
        return before if newline else ""
    return text
