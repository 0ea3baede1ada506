"""Write data files so that a kill or a full disk leaves whole lines only.

`write_new` writes a file at once or not at all; `LineFile` adds line by line, each safely on disk
before the next, and goes on where an earlier run ended.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from inference.errors import DataBroken

_CHUNK = 2**16


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

    def __init__(self, file: Path) -> None:
        """Open or make the file. A last line without its end, left by a kill, is cut off."""
        self._file = file
        try:
            self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _cannot_write(file, error, "nothing was written") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise DataBroken(f"{file} is being written by another program") from error
        self._end = self._whole_end()
        os.ftruncate(self._fd, self._end)
        os.lseek(self._fd, self._end, os.SEEK_SET)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; one that holds nothing is removed."""
        if not self._end:
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

    def _whole_end(self) -> int:
        """Give where the last whole line ends."""
        position = os.fstat(self._fd).st_size
        while position > 0:
            start = max(0, position - _CHUNK)
            found = os.pread(self._fd, position - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            position = start
        return 0


def _cannot_write(file: Path, error: OSError, so: str) -> DataBroken:
    return DataBroken(f"{file} cannot be written: {error.strerror or error}; {so}")
