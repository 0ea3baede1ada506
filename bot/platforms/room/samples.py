"""The bundled conversations that the page can play, one file of one JSON line each.

`{"id": "family-dinner", "title": "Family dinner", "messages": [{"role": "user", "name": "Ana", "content": "…"}]}`
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)
SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One thing a person says."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation between people, without the assistant."""

    id: str
    title: str
    lines: tuple[SampleLine, ...]


def samples(folder: Path = SAMPLES) -> list[Sample]:
    """Read all samples, by file name. A file that cannot be read is logged and left out."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            text = path.read_text(encoding="utf-8")
            found += [_sample(line) for line in text.splitlines() if line.strip()]
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("sample %s left out: %s", path.name, error)
    return found


def _sample(line: str) -> Sample:
    raw = json.loads(line)
    said = (message for message in raw["messages"] if message["role"] == "user")
    lines = tuple(SampleLine(str(message["name"]), str(message["content"])) for message in said)
    return Sample(str(raw["id"]), str(raw["title"]), lines)
