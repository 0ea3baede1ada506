"""What a killed run needs to go on: one file, replaced at once, gone when the run is done."""

import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from inference.errors import InferenceError, TuneRefused

NAME = "unfinished.pt"


def save(folder: Path, state: dict[str, Any], *, settings: dict[str, Any]) -> None:
    """Write the state of a run. Raises InferenceError if the disk is full or not writable."""
    written = folder / f".{NAME}"
    try:
        torch.save({"settings": _mark(settings), **state}, written)
        os.replace(written, folder / NAME)  # noqa: PTH105 - over what stands, at once
    except (OSError, RuntimeError) as error:  # torch's writer reports a full disk as RuntimeError
        written.unlink(missing_ok=True)
        raise InferenceError(
            f"the state of the run cannot be written to {folder}: {_first_line(error)}; make room and "
            "start the same command again: it goes on from the last state"
        ) from error


def load(folder: Path, *, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Read the state of an unfinished run, None if there is none.

    Raises TuneRefused if it belongs to a run with other settings or data, or cannot be read.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise TuneRefused(f"{path} is damaged; begin anew with --fresh") from error
    if state.pop("settings") != _mark(settings):
        raise TuneRefused(
            f"{folder} holds an unfinished run with other settings or data; finish it with the same "
            "command, begin anew with --fresh, or give another --out"
        )
    return state


def remove(folder: Path) -> None:
    """Forget the unfinished run."""
    (folder / NAME).unlink(missing_ok=True)


def _mark(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
