"""Write base and adapter as one model folder: for our own worker, vLLM, SGLang, and converters."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from inference.errors import TuneRefused
from inference.locating import Report
from inference.tune.card import CARD_NAME
from inference.tune.publishing.fresh import check_folder, check_room, fresh_folder
from inference.tune.publishing.merging import Merged, Outline, merge, outlined
from inference.tune.publishing.parcel import (
    Item,
    Parcel,
    Source,
    WeightType,
    items_of,
)
from inference.wire.chat_form import FILE_NAME

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
# A folder whose README speaks of an adapter would mislead; the adapter's card is kept beside it.
KEPT_CARD_NAME = "ADAPTER.md"


@dataclass(frozen=True, slots=True)
class FolderAct:
    """Publish as the folder `target`; `weights` None keeps the type the base is stored in."""

    source: Source
    target: Path
    weights: WeightType | None = None
    overwrite: bool = False

    def plan(self) -> Parcel:
        """Check the adapter, its base, the target and the disk. Raises InferenceError."""
        return self._planned(outlined(self.source))

    def carry_out(self, report: Report) -> Parcel:
        """Merge and write the folder. Raises InferenceError, and then nothing is there."""
        outline = outlined(self.source)
        parcel = self._planned(outline)
        merged = merge(self.source, outline, report)
        report(f"writing {self.target}")
        with fresh_folder(self.target) as folder:
            _write(merged, folder, dtype=self._dtype(outline))
            self._add_card(folder)
        return Parcel(parcel.target, items_of(self.target), parcel.note)

    def _planned(self, outline: Outline) -> Parcel:
        kept = {"adapter": self.source.adapter}
        if outline.where.local:
            kept["base"] = Path(outline.where.folder)
        check_folder(self.target, overwrite=self.overwrite, kept=kept)
        dtype = self._dtype(outline)
        num_bytes = outline.num_parameters * dtype.itemsize
        check_room(self.target, num_bytes)
        items = (
            Item("model.safetensors", num_bytes),
            Item("config.json"),
            Item("tokenizer.json"),
            Item(FILE_NAME),
        )
        note = f"{outline.where.name} with the adapter merged in, {str(dtype).split('.')[1]}"
        return Parcel(str(self.target), items, note)

    def _dtype(self, outline: Outline) -> torch.dtype:
        if self.weights == "q8_0":
            raise TuneRefused("--type q8_0 is for GGUF files; a folder takes f32, f16 or bf16")
        return DTYPES[self.weights] if self.weights else outline.dtype

    def _add_card(self, folder: Path) -> None:
        card = self.source.adapter / CARD_NAME
        if card.is_file():
            shutil.copyfile(card, folder / KEPT_CARD_NAME)


def _write(merged: Merged, folder: Path, *, dtype: torch.dtype) -> None:
    torch.nn.Module.to(merged.model, dtype=dtype)  # transformers' own wrapper is untyped
    merged.model.save_pretrained(folder)
    merged.tokenizer.save_pretrained(folder)
    text = json.dumps(merged.form.to_dict(), indent=2, ensure_ascii=False) + "\n"
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    mode = (folder / FILE_NAME).stat().st_mode
    for weights in folder.glob("*.safetensors"):
        weights.chmod(
            mode
        )  # safetensors lets its owner alone read a file, a server often is another
