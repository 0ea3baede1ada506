r"""Read conversations in the format of data sets and replays, one JSON object a line.

    {"id": "trip-1", "title": "The last train", "source": "own", "messages": [
      {"role": "user", "name": "Ana", "content": "when is the last train?"},
      {"role": "assistant", "content": "At 23:40."}]}

Pure: takes lines, knows no file. A message may carry `at`, an ISO 8601 time.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class FileMessage:
    """One message of a file. `name` is None for the assistant's; `at` is None where none is given."""

    name: str | None
    content: str
    at: datetime | None = None

    @property
    def from_assistant(self) -> bool:
        """Whether the assistant said it."""
        return self.name is None


@dataclass(frozen=True, slots=True)
class FileConversation:
    """One line of a file; `line` counts from 1. What is not given is "".

    `source` says where it comes from, `license` under which licence it may be used, `topic` what it
    is about: topics are held out as a whole.
    """

    id: str
    line: int
    messages: tuple[FileMessage, ...]
    title: str = ""
    source: str = ""
    topic: str = ""
    license: str = ""


def parse_conversations(lines: Iterable[str]) -> Iterator[FileConversation]:
    """Give the conversations, empty lines skipped. Raises ValueError that names line and fault."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield parse_conversation(json.loads(line), number)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        except RecursionError as error:
            raise ValueError(f"line {number}: nested too deep") from error


def parse_conversation(raw: Any, line: int) -> FileConversation:
    """Give the conversation of a line that JSON was read from; one without an id is `line-N`.

    Raises ValueError that names the fault.
    """
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    messages = raw.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError('"messages" is missing or empty')
    parsed = tuple(_message(message, index) for index, message in enumerate(messages))
    fields = ("title", "source", "topic", "license")
    told = {field: _whole(str(raw.get(field, ""))) for field in fields}
    given = _whole(str(raw.get("id", "")))
    return FileConversation(given if given.strip() else f"line-{line}", line, parsed, **told)


def _message(raw: Any, index: int) -> FileMessage:
    if not isinstance(raw, dict) or raw.get("role") not in ("user", "assistant"):
        raise ValueError(f'message {index}: "role" must be "user" or "assistant"')
    if not isinstance(raw.get("content"), str):
        raise ValueError(f'message {index}: "content" must be a string')
    name = raw.get("name")
    if raw["role"] == "user" and (not isinstance(name, str) or not name.strip()):
        raise ValueError(f'message {index}: a user message needs a "name"')
    shown = _whole(str(name)) if raw["role"] == "user" else None
    return FileMessage(shown, _whole(raw["content"]), _time(raw, index))


def _whole(text: str) -> str:
    """Leave out halves of surrogate pairs: JSON can spell them, no tokenizer and no file takes them."""
    return text.encode(errors="ignore").decode()


def _time(raw: dict[str, Any], index: int) -> datetime | None:
    if raw.get("at") is None:
        return None
    try:
        at = datetime.fromisoformat(str(raw["at"]))
    except ValueError:
        raise ValueError(f'message {index}: "at" is not an ISO 8601 time') from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
