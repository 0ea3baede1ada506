"""What is wrong with data: where, how badly, and why, in words a person can act on. Values only."""

from dataclasses import dataclass
from enum import StrEnum


class Gravity(StrEnum):
    """An error cannot be trained on; a warning can, but is likely not what was meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `line` counts from 1; it is 0 where the file as a whole is meant."""

    file: str
    line: int
    gravity: Gravity
    reason: str

    def __str__(self) -> str:
        """Show it as compilers do, so that editors can jump to it."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.gravity}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault before it is known where it stands."""

    gravity: Gravity
    reason: str


def error(reason: str) -> Finding:
    """Make a finding that keeps the conversation from being used."""
    return Finding(Gravity.ERROR, reason)


def warning(reason: str) -> Finding:
    """Make a finding that is worth a look."""
    return Finding(Gravity.WARNING, reason)
