"""Check files of conversations: every fault with its line, and what the files hold.

Reads each file once, line by line, so that a file larger than the memory can be checked.
"""

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inference.errors import DataBroken
from inference.tune.data.duplicates import Seen
from inference.tune.data.faults import Fault, Finding, Gravity, error, warning
from inference.tune.data.schema import check_line
from inference.wire.conversation_file import FileConversation
from inference.wire.file_bursts import ASSISTANT_NAME

_NAMED = re.compile(rf"\b{ASSISTANT_NAME}\b", re.IGNORECASE)
RARELY, OFTEN = 0.02, 0.5  # shares of messages answered beyond which a file teaches one answer


@dataclass(slots=True)
class Contents:
    """What a file holds, the conversations that can be trained on alone.

    `speak` are the messages of people that the assistant follows, `naming` those that name it.
    """

    file: str
    num_conversations: int = 0
    messages: int = 0
    speak: int = 0
    naming: int = 0
    lengths: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    longest_chars: int = 0  # of a message
    num_duplicates: int = 0

    @property
    def speak_share(self) -> float:
        """The share of messages of people that get an answer, 0 to 1."""
        return self.speak / self.messages if self.messages else 0.0

    @property
    def median_length(self) -> float:
        """The median number of messages of a conversation, the assistant's included."""
        return statistics.median(self.lengths) if self.lengths else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a check found."""

    contents: tuple[Contents, ...]
    faults: tuple[Fault, ...]

    def count(self, gravity: Gravity, file: str | None = None) -> int:
        """Count the faults, of one file or of all."""
        return sum(fault.gravity is gravity and file in (None, fault.file) for fault in self.faults)

    @property
    def can_be_trained_on(self) -> bool:
        """Whether no fault is an error."""
        return not self.count(Gravity.ERROR)


def check_files(files: Sequence[Path]) -> Report:
    """Check files, and those of folders, together: copies are found across them.

    Raises DataBroken for what cannot be read.
    """
    seen = Seen()
    contents: list[Contents] = []
    faults: list[Fault] = []
    for file in _each(files):
        try:
            with file.open("rb") as lines:
                held, found = _check(str(file), lines, seen)
        except OSError as fault:
            raise DataBroken(f"{file} cannot be read: {fault.strerror}") from fault
        contents.append(held)
        faults += found
    return Report(tuple(contents), tuple(faults))


def _each(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        held = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not held:
            raise DataBroken(f"{path} holds no .jsonl file")
        files += held
    return list(dict.fromkeys(files))


def _check(file: str, lines: Iterable[bytes], seen: Seen) -> tuple[Contents, list[Fault]]:
    contents = Contents(file)
    faults: list[Fault] = []
    for number, raw in enumerate(lines, start=1):
        checked = check_line(raw, number)
        if checked is None:
            continue
        contents.num_conversations += 1
        found = list(checked.findings)
        if checked.conversation is not None:
            copies = seen.add(checked.conversation, file=file)
            contents.num_duplicates += bool(copies)
            found += map(warning, copies)
            _count(contents, checked.conversation)
        faults += [_fault(file, number, finding) for finding in found]
    faults += [_fault(file, 0, finding) for finding in _whole_file(contents)]
    return contents, faults


def _whole_file(contents: Contents) -> Iterable[Finding]:
    if not contents.num_conversations:
        yield error("the file is empty: it holds no conversation")
    elif contents.messages and not contents.speak:
        yield warning("the assistant never speaks: from this file alone only silence is learned")
    elif contents.messages and contents.speak_share < RARELY:
        yield warning(f"the assistant answers only {contents.speak_share:.1%} of the messages")
    elif contents.speak_share > OFTEN:
        yield warning(
            f"the assistant answers {contents.speak_share:.0%} of the messages: a group chat has "
            "few that need it"
        )


def _fault(file: str, line: int, finding: Finding) -> Fault:
    return Fault(file, line, finding.gravity, finding.reason)


def _count(contents: Contents, conversation: FileConversation) -> None:
    messages = conversation.messages
    following = [*(message.from_assistant for message in messages[1:]), False]
    for message, answered in zip(messages, following, strict=True):
        contents.longest_chars = max(contents.longest_chars, len(message.content))
        if not message.from_assistant:
            contents.messages += 1
            contents.speak += answered
            contents.naming += bool(_NAMED.search(message.content))
    contents.lengths.append(len(messages))
    contents.people.append(len({message.name for message in messages if message.name}))
