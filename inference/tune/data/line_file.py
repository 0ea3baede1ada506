"""Write data files so that a kill or a full disk leaves whole lines only.

`write_new` writes a file at once or not at all; `LineFile` adds line by line, each safely on disk
before the next, and goes on where an earlier run ended. Neither changes what somebody else wrote.
"""

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from inference.errors import DataBroken

# Given a line without judging its end, and its number from 1: whether this program wrote it. Raises
# DataBroken for what a file must not hold if lines are to be added to it.
IsOurs = Callable[[bytes, int], bool]


def as_line(conversation: Mapping[str, object]) -> bytes:
    """Give a conversation as the line of a file, line break included."""
    # A half surrogate pair, which some servers send, is no UTF-8.
    return json.dumps(conversation, ensure_ascii=False).encode(errors="replace") + b"\n"


def refuse_to_overwrite(file: Path) -> None:
    """Raise DataBroken if there is such a file, or no folder for it."""
    if file.exists():
        raise DataBroken(f"{file} exists already: name another file, or move it away")
    if not file.absolute().parent.is_dir():
        raise DataBroken(f"{file.absolute().parent} is no folder: make it first")


def write_new(file: Path, conversations: Iterable[Mapping[str, object]]) -> int:
    """Write a new file whole; give the number of lines. Raises DataBroken, with nothing written."""
    refuse_to_overwrite(file)
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with unfinished.open("wb") as lines:
            number = sum(bool(lines.write(as_line(one))) for one in conversations)
            lines.flush()
            os.fsync(lines.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise _cannot_write(file, error, "nothing was written") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return number


class LineFile:
    """A data file that grows. Use it in a `with`; only one program at a time may have it open."""

    def __init__(self, file: Path, *, is_ours: IsOurs) -> None:
        """Open or make the file; raises DataBroken, with nothing changed, if it cannot be added to.

        Every line there is goes to `is_ours` before anything is changed. Then a last line without
        its end gets it, if it is whole; half a line, as a kill leaves it, is cut off if a line before
        it is ours.
        """
        self._file = file
        self._is_new = not os.path.lexists(file)
        try:
            self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _cannot_write(file, error, "nothing was written") from error
        try:
            self._lock()
            size, lacks_end = self._kept(is_ours)
            self._end = self._mended(size, lacks_end=lacks_end)
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; one that was made here and holds nothing is removed."""
        if self._is_new and not self._end:
            with contextlib.suppress(OSError):
                self._file.unlink()
        os.close(self._fd)

    def add(self, conversation: Mapping[str, object]) -> None:
        """Add a line; it is on disk when this returns. Raises DataBroken, with no part of it written."""
        line = as_line(conversation)
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._fd, left) :]
            os.fsync(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._end)
                os.lseek(self._fd, self._end, os.SEEK_SET)
            raise _cannot_write(self._file, error, "what was written before stands") from error
        self._end += len(line)

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise DataBroken(f"{self._file} is no file that can be added to: name another one")
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataBroken(f"{self._file} is being written by another program") from error

    def _kept(self, is_ours: IsOurs) -> tuple[int, bool]:
        """Give the size of all whole lines, and whether the last of them lacks its end."""
        size = num_ours = 0
        lacks_end = False
        with os.fdopen(self._fd, "rb", closefd=False) as lines:
            for number, line in enumerate(lines, start=1):
                has_end = line.endswith(b"\n")
                if has_end or _is_whole(line):
                    num_ours += is_ours(line, number)
                    size += len(line)
                    lacks_end = not has_end
                elif not num_ours:
                    raise DataBroken(
                        f"{self._file} ends in half a line, and no line before it was written here: "
                        "mend it, or name another file"
                    )
        return size, lacks_end

    def _mended(self, size: int, *, lacks_end: bool) -> int:
        """Cut off half a line, end a whole one; give the size that the file then has."""
        try:
            os.ftruncate(self._fd, size)
            os.lseek(self._fd, size, os.SEEK_SET)
            return size + (os.write(self._fd, b"\n") if lacks_end else 0)
        except OSError as error:
            raise _cannot_write(self._file, error, "nothing was written") from error


def _is_whole(line: bytes) -> bool:
    """Tell whether a line without its end lacks nothing else."""
    try:
        json.loads(line.strip() or b"null")
    except (ValueError, RecursionError):
        return False
    return True


def _cannot_write(file: Path, error: OSError, so: str) -> DataBroken:
    return DataBroken(f"{file} cannot be written: {error.strerror or error}; {so}")
