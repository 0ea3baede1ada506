r"""Check one line of a data file against its form, and give the conversation if there is one.

    {"id": "a-1", "messages": [{"role": "user", "name": "Ana", "content": "hi"}]}

Pure. Finds every fault of a line, not only the first; what passes here is what
`inference.wire.conversation_file` reads.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inference.tune.data.faults import Finding, Gravity, error, warning
from inference.tune.data.sense import sense_findings
from inference.wire.conversation_file import FileConversation, parse_conversation

ROLES = ("user", "assistant")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_QUOTED_CHARS = 40


@dataclass(frozen=True, slots=True)
class Checked:
    """What a line holds: the conversation, None if it has an error, and all findings."""

    conversation: FileConversation | None
    findings: tuple[Finding, ...]

    @property
    def first_error(self) -> str:
        """Why it cannot be trained on, "" if it can."""
        errors = (found.reason for found in self.findings if found.gravity is Gravity.ERROR)
        return next(errors, "")


def check_line(raw: bytes, number: int) -> Checked | None:
    """Check a line without its line break; `number` counts from 1. None: the line is empty."""
    if not raw.strip():
        return None
    text = _decoded(raw)
    if isinstance(text, Finding):
        return Checked(None, (text,))
    content = _parsed(text)
    if isinstance(content, Finding):
        return Checked(None, (content,))
    return check_content(content, number)


def check_content(content: Any, number: int) -> Checked:
    """Check what a line says, once it is parsed."""
    findings = list(_conversation_findings(content))
    checked = Checked(None, tuple(findings))
    if checked.first_error:
        return checked
    conversation = parse_conversation(content, number)
    findings += sense_findings(conversation)
    checked = Checked(conversation, tuple(findings))
    return replace(checked, conversation=None) if checked.first_error else checked


def _decoded(raw: bytes) -> str | Finding:
    if raw.startswith(BYTE_ORDER_MARK):
        return error("the file begins with a byte order mark: save it as plain UTF-8")
    try:
        return raw.decode()
    except UnicodeDecodeError as fault:
        return error(f"not UTF-8: byte 0x{raw[fault.start]:02x} at position {fault.start + 1}")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        return error(f"not JSON: {fault.msg} at column {fault.colno}")
    except ValueError as fault:  # a number of thousands of digits
        return error(f"not usable JSON: {fault}")
    except RecursionError:
        return error("not usable JSON: nested too deep")


def _conversation_findings(content: Any) -> Iterator[Finding]:
    if not isinstance(content, dict):
        yield error(f"a conversation is a JSON object, not {_kind(content)}")
        return
    if not isinstance(content.get("id", ""), str | int):
        yield error(f'"id" must be a string, not {_kind(content["id"])}')
    elif not str(content.get("id", "")).strip():
        yield warning('no "id": what is held out would then depend on the line number')
    messages = content.get("messages")
    if not isinstance(messages, list):
        shown = "is missing" if "messages" not in content else f"is {_kind(messages)}, not a list"
        yield error(f'"messages" {shown}')
    elif not messages:
        yield error('"messages" is empty')
    else:
        for number, message in enumerate(messages, start=1):
            for finding in _message_findings(message):
                yield Finding(finding.gravity, f"message {number}: {finding.reason}")


def _message_findings(message: Any) -> Iterator[Finding]:
    if not isinstance(message, dict):
        yield error(f"a message is a JSON object, not {_kind(message)}")
        return
    role = message.get("role")
    if role not in ROLES:
        shown = '"role" is missing' if role is None else f"role {_quoted(role)} is unknown"
        yield error(f'{shown}: it must be "user" or "assistant"')
    content = message.get("content")
    if not isinstance(content, str):
        shown = "is missing" if content is None else f"must be a string, not {_kind(content)}"
        yield error(f'"content" {shown}')
    elif not content.strip() and role == "assistant":
        yield error("the assistant's words are empty: leave the message out, silence needs none")
    elif not content.strip():
        yield warning("says nothing")
    if role == "user":
        yield from _name_findings(message.get("name"))
    if message.get("at") is not None and not _is_time(message["at"]):
        yield error('"at" is not an ISO 8601 time')


def _name_findings(name: Any) -> Iterator[Finding]:
    if name is None:
        yield error('a user message needs a "name"')
    elif not isinstance(name, str):
        yield error(f'"name" must be a string, not {_kind(name)}')
    elif not name.strip():
        yield error('"name" is empty')


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    if value is None:
        return "null"
    return kinds.get(type(value), "a number")


def _quoted(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= MAX_QUOTED_CHARS else f"{shown[:MAX_QUOTED_CHARS]}…"
