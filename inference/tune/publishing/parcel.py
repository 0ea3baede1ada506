"""What is published and what it will be made of. Plain values; reads and writes nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from inference.locating import Report

WeightType = Literal["f32", "f16", "bf16", "q8_0"]


@dataclass(frozen=True, slots=True)
class Source:
    """An adapter's folder, and its base: a hub id or a folder, None for the one it names itself."""

    adapter: Path
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a parcel. `num_bytes` is None where it is only known once it is written."""

    name: str
    num_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes where. `note` is what else there is to know, "" if nothing."""

    target: str
    items: tuple[Item, ...]
    note: str = ""

    @property
    def num_bytes(self) -> int:
        """Give the size of all whose size is known."""
        return sum(item.num_bytes or 0 for item in self.items)


class Act(Protocol):
    """One way to publish."""

    def plan(self) -> Parcel:
        """Check everything that can be checked beforehand. Sends and writes nothing.

        Raises InferenceError for what would fail.
        """

    def carry_out(self, report: Report) -> Parcel:
        """Send or write, all or nothing, and give what was. Raises InferenceError."""


def items_of(folder: Path) -> tuple[Item, ...]:
    """List the files of a folder, those of folders within left out."""
    return tuple(
        Item(path.name, path.stat().st_size) for path in sorted(folder.iterdir()) if path.is_file()
    )
