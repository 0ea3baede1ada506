"""Write a folder or files whole or not at all: beside the target first, then renamed onto it."""

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from inference.errors import InferenceError, TuneRefused

# safetensors and numpy report a full disk in words of their own.
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = ("os error 28", "requested and")
_WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")  # whole or in parts


def check_folder(target: Path, *, overwrite: bool, kept: Mapping[str, Path]) -> None:
    """Refuse a target that holds something, unless it is a model that may be overwritten.

    `kept` names folders that no target may be or hold. A model is what `save_pretrained` writes, and
    that has no folders in it. Raises TuneRefused.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir():
        raise TuneRefused(f"{target} is a file; name a folder")
    for what, folder in kept.items():
        if folder.resolve().is_relative_to(target.resolve()):
            raise TuneRefused(f"{target} is the {what} itself, or holds it; name another folder")
    if not overwrite:
        raise TuneRefused(f"{target} is not empty; name a new folder, or add --overwrite")
    if not _is_model(target):
        raise TuneRefused(f"{target} holds no model, so --overwrite leaves it alone; name another")
    if within := next((path for path in sorted(target.iterdir()) if path.is_dir()), None):
        raise TuneRefused(
            f"{target} holds the folder {within.name}, which is no part of a model, so --overwrite "
            "leaves it alone; name another"
        )


def _is_model(folder: Path) -> bool:
    """Tell a model's folder from one of something else that also has a config.json."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    has_weights = any(any(folder.glob(pattern)) for pattern in _WEIGHTS)
    return has_weights and isinstance(config, dict) and "model_type" in config


def check_file(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that is there, unless it may be overwritten."""
    if target.is_dir():
        raise TuneRefused(f"{target} is a folder; name a file in it")
    if target.exists() and not overwrite:
        raise TuneRefused(f"{target} is there already; name another file, or add --overwrite")


def check_room(target: Path, num_bytes: int) -> None:
    """Refuse to begin what the disk cannot take."""
    beside = next(parent for parent in target.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(beside).free
    if free < num_bytes:
        raise InferenceError(
            f"the disk is full: {target} needs {_gigabytes(num_bytes)}, "
            f"{_gigabytes(free)} are free; make room or name another disk"
        )


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """Give a new folder to fill; at the end it takes the place of `target`, whatever was there.

    Raises InferenceError if the disk is full or not writable; then `target` is as it was.
    """
    with _scratch_beside(target) as scratch:
        unfinished = scratch / "new"
        unfinished.mkdir()
        yield unfinished
        former = scratch / "former"
        if target.exists():
            target.rename(former)
        try:
            unfinished.rename(target)
        except OSError:
            if former.exists():
                former.rename(target)
            raise


@contextmanager
def fresh_files(folder: Path) -> Iterator[Path]:
    """Give a new folder to write files into; at the end they go to `folder`, over those there.

    Raises InferenceError if the disk is full or not writable; then `folder` is as it was.
    """
    with _scratch_beside(folder / "file") as scratch:
        yield scratch
        for path in sorted(scratch.iterdir()):
            path.replace(folder / path.name)


@contextmanager
def _scratch_beside(target: Path) -> Iterator[Path]:
    from safetensors import SafetensorError

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".publishing-", dir=target.parent) as scratch:
            yield Path(scratch)
    except (OSError, SafetensorError) as error:
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: Exception) -> InferenceError:
    code = error.errno if isinstance(error, OSError) else None
    if code in _FULL or any(words in str(error) for words in _FULL_WORDS):
        return InferenceError(
            f"the disk is full: {target.parent} has no room left; nothing was written there"
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return InferenceError(f"cannot write to {target.parent}: {reason}; nothing was written there")


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB"
