"""Calibrate an adapter on files of one's own choice: a new dial, in its chat form and its card."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from inference.errors import InferenceError, TuneRefused
from inference.tune.calibrate import calibration_of
from inference.tune.card import CARD_NAME, recalibrated
from inference.tune.metrics import FileDecisions
from inference.wire.chat_form import FILE_NAME, Calibration, ChatForm


def recalibrate(folder: Path, files: Sequence[FileDecisions]) -> Calibration:
    """Choose threshold and dial from the decisions; write them into the folder's form and card.

    Raises TuneRefused if the folder has no chat form, InferenceError if it cannot be written.
    """
    path = folder / FILE_NAME
    try:
        form = ChatForm.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TuneRefused(f"{path} is no chat form that can be calibrated: {error}") from error
    calibration = calibration_of(files)
    form_text = json.dumps(replace(form, calibration=calibration).to_dict(), indent=2) + "\n"
    texts = {FILE_NAME: form_text}
    card = folder / CARD_NAME
    if card.is_file():
        # Files of one name are told apart by their paths, which are nobody's business.
        names = [Path(file.name).name for file in files if file.decisions]
        text = card.read_text(encoding="utf-8", errors="surrogateescape")
        texts[CARD_NAME] = recalibrated(text, calibration, files=names)
    _write(folder, texts)
    return calibration


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files beside their places first, so that a full disk leaves all as they were."""
    try:
        for name, text in texts.items():
            (folder / f".{name}").write_text(text, encoding="utf-8", errors="surrogateescape")
        for name in texts:
            os.replace(folder / f".{name}", folder / name)  # noqa: PTH105 - over what stands, at once
    except OSError as error:
        for name in texts:
            (folder / f".{name}").unlink(missing_ok=True)
        raise InferenceError(f"{folder} cannot be written to: {error.strerror or error}") from error
