"""Read JSON members of a zip file from elsewhere: bounded, nothing unpacked to disk.

Knows nothing of what the members mean. Every fault is a DataBroken that names the member.
"""

import json
import lzma
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from inference.errors import DataBroken

MIB = 2**20
MAX_MEMBERS = 500_000  # ten years of a thousand channels
MAX_MEMBER_BYTES = 256 * MIB  # a day of one channel, or the list of users
MAX_TOTAL_BYTES = 32 * 1024 * MIB
MAX_RATIO = 200  # JSON of chats shrinks to a tenth; a bomb to a thousandth

_BAD_NAME = "a name that is not UTF-8, though it is marked as such: zip the export again"
_UNPACKING = (zlib.error, lzma.LZMAError, EOFError, OSError)
_DAMAGED = (zipfile.BadZipFile, NotImplementedError, *_UNPACKING)


class SafeZip:
    """An open zip file; use it in a `with`. Raises DataBroken for one that must not be read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except OSError as error:
            raise DataBroken(f"{file} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise DataBroken(f"{file} holds a file with {_BAD_NAME}") from error
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise DataBroken(f"{file} is no zip file, or a damaged one: {error}") from error
        try:
            self._refuse_bombs()
        except DataBroken:
            self._zip.close()
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
        """Close the file."""
        self._zip.close()

    def names(self) -> list[str]:
        """List the members that are files."""
        return [name for name in self._zip.namelist() if not name.endswith("/")]

    def json(self, name: str) -> Any:
        """Parse a member as JSON in UTF-8, with or without a byte order mark."""
        raw = self._read(name)
        try:
            return json.loads(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise self._broken(
                name, f"is not UTF-8: byte 0x{raw[error.start]:02x} at position {error.start + 1}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise self._broken(name, f"is no JSON: {error}") from error

    def _read(self, name: str) -> bytes:
        try:
            with self._zip.open(name) as member:
                # What the zip file says of a member's size is only a claim.
                raw = member.read(MAX_MEMBER_BYTES + 1)
        except RuntimeError as error:  # what zipfile raises for a password
            raise self._broken(name, "is encrypted: unpack it and zip it without") from error
        except UnicodeDecodeError as error:
            raise self._broken(name, f"is damaged: it has {_BAD_NAME}") from error
        except _DAMAGED as error:
            raise self._broken(name, f"is damaged: {error}") from error
        if len(raw) > MAX_MEMBER_BYTES:
            raise self._broken(name, f"is larger than {MAX_MEMBER_BYTES // MIB} MiB")
        return raw

    def _refuse_bombs(self) -> None:
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise DataBroken(
                f"{self._file} holds {len(members):,} files, more than {MAX_MEMBERS:,}"
            )
        for member in members:
            if member.file_size > MAX_MEMBER_BYTES:
                raise self._broken(member.filename, f"is larger than {MAX_MEMBER_BYTES // MIB} MiB")
            if member.file_size > max(MIB, MAX_RATIO * member.compress_size):
                raise self._broken(
                    member.filename,
                    f"unpacks to {MAX_RATIO} times its size and more: this is no export of chats",
                )
        if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
            raise DataBroken(f"{self._file} unpacks to more than {MAX_TOTAL_BYTES // MIB:,} MiB")

    def _broken(self, name: str, what: str) -> DataBroken:
        return DataBroken(f"{name} in {self._file} {what}")
