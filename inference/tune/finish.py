"""From a trained model to a folder that can be served: adapter, chat form, calibration, figures, card.

All files are written beside the folder's own first and moved in at the end, the adapter last: a
folder with an adapter in it is whole.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.adapters import CONFIG_NAME, WEIGHTS_NAME
from inference.errors import InferenceError
from inference.tune.base import Base
from inference.tune.calibrate import calibration_of, threshold_of
from inference.tune.card import CARD_NAME, METRICS_NAME, CardData, CardFacts, model_card
from inference.tune.lessons import Curriculum, FileData
from inference.tune.lora import save_adapter
from inference.tune.metrics import FileDecisions, figures
from inference.wire.chat_form import FILE_NAME

if TYPE_CHECKING:
    from peft import PeftModel


# All that is written, in this order: whatever shows weights is whole.
WRITTEN = (CARD_NAME, METRICS_NAME, FILE_NAME, CONFIG_NAME, WEIGHTS_NAME)


@dataclass(frozen=True, slots=True)
class Record:
    """What a run leaves to tell: its settings, what it learned from, its decisions on the rest.

    `license` is the adapter's own, "" if nobody said.
    """

    settings: Mapping[str, object]
    curriculum: Curriculum
    dev: Sequence[FileDecisions]
    license: str = ""


def write_adapter(model: "PeftModel", base: Base, out: Path, record: Record) -> None:
    """Write the folder of an adapter, calibrated on what was held out.

    Raises InferenceError if it cannot be written whole.
    """
    from safetensors import SafetensorError

    dev = [file for file in record.dev if file.decisions]
    calibration = calibration_of(dev) if dev else None
    threshold = threshold_of(calibration)
    figured = [figures(file, threshold=threshold).to_dict() for file in dev]
    facts = CardFacts(
        name=out.name,
        base=base.where.name,
        license=record.license,
        data=[_card_data(file) for file in record.curriculum.files],
        hold_out=record.curriculum.hold_out,
        settings=record.settings,
        figures=figured,
        calibration=calibration,
    )
    form = replace(base.fit.form, calibration=calibration)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".finishing-", dir=out) as name:
            scratch = Path(name)
            save_adapter(model, scratch, base=base.where.name)
            _write_json(scratch / FILE_NAME, form.to_dict())
            _write_json(scratch / METRICS_NAME, {"settings": record.settings, "dev": figured})
            (scratch / CARD_NAME).write_text(model_card(facts), encoding="utf-8")
            (scratch / WEIGHTS_NAME).chmod(0o644)  # safetensors keeps files to their owner
            for file in WRITTEN:
                os.replace(scratch / file, out / file)  # noqa: PTH105 - over what stands, at once
    except (OSError, SafetensorError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise InferenceError(
            f"the adapter cannot be written to {out}: {reason}; make room and give the same command "
            "again: it goes on from the last state"
        ) from error


def _card_data(file: FileData) -> CardData:
    messages = [one for conversation in file.conversations for one in conversation.messages]
    said = sum(one.from_assistant for one in messages)
    num_decisions = len(messages) - said
    return CardData(
        name=file.source.path.stem,
        num_conversations=len(file.conversations),
        num_decisions=num_decisions,
        speak_share=said / max(1, num_decisions),
        license=", ".join(sorted({one.license for one in file.conversations if one.license})),
        weight=file.source.weight,
        when_only=file.source.when_only,
    )


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
