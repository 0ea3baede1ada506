"""Calibrate an adapter on files of one's own choice: a new dial, written into its chat form."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inference.errors import InferenceError, TuneRefused
from inference.tune.calibrate import calibration_of
from inference.tune.metrics import FileDecisions
from inference.wire.chat_form import FILE_NAME, Calibration, ChatForm


def recalibrate(folder: Path, files: Sequence[FileDecisions]) -> Calibration:
    """Choose threshold and dial from the decisions, and write them into the folder's chat form.

    Raises TuneRefused if the folder has no chat form, InferenceError if it cannot be written.
    """
    path = folder / FILE_NAME
    try:
        form = ChatForm.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TuneRefused(f"{path} is no chat form that can be calibrated: {error}") from error
    calibration = calibration_of(files)
    written = path.with_name(f".{FILE_NAME}")
    form_text = json.dumps(replace(form, calibration=calibration).to_dict(), indent=2)
    try:
        written.write_text(form_text + "\n", encoding="utf-8")
        os.replace(written, path)  # noqa: PTH105 - over what stands, at once
    except OSError as error:
        written.unlink(missing_ok=True)
        raise InferenceError(f"{path} cannot be written: {error.strerror or error}") from error
    return calibration
