"""Reads payloads of Slack's whose shape nobody vouches for: what is lacking or odd reads as nothing.

Pure. Slack documents which parts a message may have, and other apps write most of them.
"""

from collections.abc import Mapping
from typing import TypeGuard

Payload = Mapping[str, object]


def is_payload(value: object) -> TypeGuard[Payload]:
    """Tell an object of JSON from everything else."""
    return isinstance(value, Mapping)


def as_payload(value: object) -> Payload:
    """Give an object of JSON, an empty one for everything else."""
    return value if is_payload(value) else {}


def text_in(payload: Payload, *keys: str) -> str:
    """Give the first of these texts that says something, without the blanks around it."""
    for key in keys:
        value = payload.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def part_of(payload: Payload, key: str) -> Payload:
    """Give an object within a payload, an empty one where there is none."""
    return as_payload(payload.get(key))


def parts_of(payload: Payload, key: str) -> list[Payload]:
    """Give a list of objects within a payload; what is no object is left out."""
    value = payload.get(key)
    return [each for each in value if is_payload(each)] if isinstance(value, list) else []


def number_in(payload: Payload, key: str) -> int:
    """Give a whole number, 0 where there is none."""
    value = payload.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def is_set(payload: Payload, *keys: str) -> bool:
    """Tell whether one of these flags is set."""
    return any(payload.get(key) is True for key in keys)
