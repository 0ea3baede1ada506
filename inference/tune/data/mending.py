"""Read the messages of a chat out of whatever a model wrote: JSON, nearly JSON, or a transcript.

Pure. Nothing is invented: what cannot be read is left out, and what is left may be too little.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from inference.wire.chat_form import RESPONSE, SILENCE
from inference.wire.file_bursts import ASSISTANT_NAME

Line = dict[str, str]

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_OBJECT = re.compile(r"\{[^{}]*\}", re.DOTALL)
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
# What stands around a name at the begin of a line: "2. **Ana** (laughing): hi".
_BEFORE_NAME, _AFTER_NAME = r"[\s>*#\d.)-]*", r"\**\s*(?:\([^)\n]*\))?:\**\s*(\S.*)$"
_NAME_KEYS = ("name", "speaker", "author", "from", "user", "sender")
_TEXT_KEYS = ("content", "text", "message", "said", "body")
MAX_CHARS = 200_000  # more than any chat; what a model repeats without end is not read through


def messages_in(text: str, *, people: Sequence[str]) -> list[Line]:
    """Give the messages as role, name (of people) and content; [] if none can be read."""
    text = _THOUGHTS.sub("", text[:MAX_CHARS])
    fenced = _FENCE.search(text)
    for candidate in (fenced[1] if fenced else "", text):
        raws = _from_json(candidate) or _from_objects(candidate)
        if raws:
            return _tidied(raws, people)
    return _tidied(list(_from_transcript(text, people)), people)


def _from_json(text: str) -> list[Any]:
    start = min((at for at in map(text.find, "[{") if at >= 0), default=-1)
    if start < 0:
        return []
    for attempt in (text[start:], _TRAILING_COMMA.sub(r"\1", text[start:])):
        try:
            content, _ = json.JSONDecoder(strict=False).raw_decode(attempt)
        except (ValueError, RecursionError):
            continue
        return _held_list(content)
    return []


def _held_list(content: Any) -> list[Any]:
    """Give the list of messages, whatever it is called and wherever it lies."""
    if isinstance(content, list):
        if len(content) == 1 and isinstance(content[0], dict) and not _text_of(content[0]):
            return _held_list(content[0])
        return content if any(isinstance(one, dict) and _text_of(one) for one in content) else []
    if isinstance(content, dict):
        for held in content.values():
            if isinstance(held, list | dict) and (found := _held_list(held)):
                return found
    return []


def _from_objects(text: str) -> list[Any]:
    """Give every object that can be read by itself: from an answer cut off, or with a slip in it."""
    return [read for found in _OBJECT.findall(text) if (read := _object(found)) is not None]


def _object(text: str) -> dict[str, Any] | None:
    without_commas = _TRAILING_COMMA.sub(r"\1", text)
    straight = without_commas.translate(str.maketrans("“”", '""'))
    for attempt in (without_commas, straight):
        try:
            read = json.loads(attempt, strict=False)
        except ValueError:
            continue
        return read if isinstance(read, dict) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an odd escape in what a model wrote
        try:
            read = ast.literal_eval(without_commas)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return read if isinstance(read, dict) else None


def _from_transcript(text: str, people: Sequence[str]) -> Iterator[Line]:
    """Read `Name: text` lines of the people asked for and of the assistant."""
    # Names that are known, not any name: a line of nothing but spaces then takes no time to read.
    names = "|".join(map(re.escape, (*people, ASSISTANT_NAME)))
    said_by = re.compile(f"{_BEFORE_NAME}({names}){_AFTER_NAME}", re.IGNORECASE)
    for line in text.splitlines():
        if said := said_by.match(line):
            yield {"name": said[1], "content": said[2]}


def _tidied(raws: Sequence[Any], people: Sequence[str]) -> list[Line]:
    by_case = {name.casefold(): name for name in people}
    lines: list[Line] = []
    for raw in raws:
        if not isinstance(raw, dict):
            continue
        name = next((str(raw[key]).strip() for key in _NAME_KEYS if raw.get(key)), "")
        content = _without_head(_text_of(raw), name)
        is_assistant = name.casefold() == ASSISTANT_NAME or (
            not name and raw.get("role") == "assistant"
        )
        if not content or content.casefold().strip("().*_ ") == SILENCE.strip("()"):
            continue
        if not is_assistant:
            shown = by_case.get(name.casefold().removeprefix("@"), name)
            lines.append({"role": "user", "name": shown, "content": content})
        elif lines:  # what the assistant says first answers nobody
            lines.append({"role": "assistant", "content": content})
    return lines


def _text_of(raw: dict[str, Any]) -> str:
    found = (raw[key] for key in _TEXT_KEYS if isinstance(raw.get(key), str))
    return next((text.strip() for text in found if text.strip()), "")


def _without_head(content: str, name: str) -> str:
    """Take off what models put in front of the words: the marker, and the speaker's own name."""
    content = content.removeprefix(RESPONSE).strip()
    head, colon, rest = content.partition(":")
    return rest.strip() if colon and name and head.casefold() == name.casefold() else content
