"""What a killed run needs to go on: one file, replaced at once, gone when the run is done."""

import contextlib
import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from inference.errors import InferenceError, TuneRefused

NAME = "unfinished.pt"


class Checkpoint:
    """The state of one run in its folder. `settings` are plain values: what makes the run itself."""

    def __init__(self, folder: Path, settings: Any) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._written = folder / f".{NAME}"
        self._mark = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def save(self, state: dict[str, Any]) -> None:
        """Write the state in place of the last. Raises InferenceError, and the last one stays."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            torch.save({"mark": self._mark, **state}, self._written)
            os.replace(self._written, self._path)  # noqa: PTH105 - over what stands, at once
        except (OSError, RuntimeError) as error:  # torch's writer reports a full disk as the latter
            with contextlib.suppress(OSError):
                self._written.unlink()
            raise InferenceError(
                f"the state of the run cannot be written to {self._path} ({_first_line(error)}); make "
                "room and give the same command again: it goes on from the last state written"
            ) from error

    def load(self) -> dict[str, Any] | None:
        """Read the state, None if there is none.

        Raises TuneRefused if it belongs to a run with other settings or data, or cannot be read, or
        if the folder is a file.
        """
        if self._folder.exists() and not self._folder.is_dir():
            raise TuneRefused(f"{self._folder} is a file; name a folder with --out")
        if not self._path.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
            raise TuneRefused(f"{self._path} is damaged; begin anew with --fresh") from error
        if state.pop("mark") != self._mark:
            raise TuneRefused(
                f"{self._path} is of an unfinished run with other settings or data; give the command "
                "of that run again, begin anew with --fresh, or take another --out"
            )
        return state

    def remove(self) -> None:
        """Forget the run, and what a kill in the middle of `save` left."""
        for path in (self._path, self._written):
            if path.is_file():
                path.unlink()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
