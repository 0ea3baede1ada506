"""How a model fits this machine, told from its configuration alone: for `earshot doctor --model`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.catalogue import config_of, entry_of
from inference.convert import DEFAULT_MODEL
from inference.devices import Devices
from inference.errors import ModelMissing
from inference.fit import GB, Fit, Wish, choose, described, fits
from inference.fitting import too_large
from inference.loading import read_config
from inference.loading_faults import explaining
from inference.locating import Located, Reference, located
from inference.outline import Outline
from inference.quantize import is_installed

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class FitReport:
    """What each precision needs of a model, what is free, and what is chosen.

    `source` says where the numbers are from. `chosen` is None where nothing fits, and `refusal` says
    so then.
    """

    model: str
    source: str
    outline: Outline
    devices: Devices
    wish: Wish
    rows: tuple[Fit, ...]
    chosen: Fit | None
    refusal: str


def report_on(model_id: str, devices: Devices, wish: Wish) -> FitReport:
    """Fit a model to the devices without loading it. Raises InferenceError."""
    name, source, config = configuration(model_id)
    outline = Outline.of(config)
    chosen = choose(outline, devices, wish)
    return FitReport(
        model=name,
        source=source,
        outline=outline,
        devices=devices,
        wish=wish,
        rows=tuple(fits(outline, devices)),
        chosen=chosen,
        refusal="" if chosen else too_large(name, outline, devices, wish),
    )


def configuration(model_id: str) -> "tuple[str, str, PretrainedConfig]":
    """Give a model's name, where its numbers are from, and its configuration.

    Asks the hub only about models that are neither here nor in the catalogue. Raises InferenceError.
    """
    asked = Reference.parsed(model_id)
    if asked.gguf:
        raise ModelMissing(
            f"the numbers of {asked.gguf} are told by the file itself: download it and name the file"
        )
    known = entry_of(DEFAULT_MODEL if asked.default else asked.repo or "")
    if known is not None and (asked.default or known.id == asked.repo):
        return known.id, "the catalogue", config_of(known)
    if asked.path and asked.path.casefold().endswith(".gguf"):
        return _of_gguf(Path(asked.path).expanduser())
    where = located(model_id)
    return where.name, where.folder if where.local else "the model hub", read_config(where)


def _of_gguf(file: Path) -> "tuple[str, str, PretrainedConfig]":
    from transformers import AutoConfig

    if not file.is_file():
        raise ModelMissing(f"there is no GGUF file {file}; check the path")
    with explaining(Located(file.stem, str(file), True, True)):
        return file.stem, str(file), AutoConfig.from_pretrained(file.parent, gguf_file=file.name)


def as_json(report: FitReport) -> str:
    """Give the report as one JSON object; bytes are bytes, tokens are tokens."""
    told: dict[str, Any] = {
        "model": report.model,
        "source": report.source,
        "parameters": report.outline.num_parameters,
        "free": {"gpus": list(report.devices.gpus), "host": report.devices.host},
        "wish": {
            "precision": report.wish.precision,
            "conversations": report.wish.conversations,
            "tokens": report.wish.tokens,
        },
        "precisions": [_row(report, fit) for fit in report.rows],
        "chosen": _row(report, report.chosen) if report.chosen else None,
        "why": report.chosen.why if report.chosen else report.refusal,
        "warning": report.chosen.warning if report.chosen else "",
    }
    return json.dumps(told, indent=2)


def _row(report: FitReport, fit: Fit) -> dict[str, Any]:
    return {
        "precision": fit.precision,
        "place": fit.placement,
        "weights": round(fit.weights),
        "kv_bytes_per_token": fit.kv_bytes,
        "room": round(fit.room),
        "tokens_left": fit.kept_tokens,
        "conversations_left": fit.kept_tokens // report.wish.tokens,
        "max_cached_tokens": fit.max_cached_tokens,
    }


def heading(report: FitReport) -> str:
    """Name the model and what is free here."""
    free = [f"GPU {at}: {size / GB:.1f} GB free" for at, size in enumerate(report.devices.gpus)]
    free.append(f"{'host' if free else 'CPU'}: {report.devices.host / GB:.1f} GB free")
    size = report.outline.num_parameters
    count = f"{size / 1e9:.1f} billion" if size >= 1e9 else f"{size / 1e6:.0f} million"
    return (
        f"{report.model}: {count} parameters (from {report.source})\n{', '.join(free)}; "
        f"a conversation is {report.wish.tokens:,} tokens"
    )


def verdict(report: FitReport) -> str:
    """Say which precision is chosen and why, or what to do where none is."""
    if report.chosen is None:
        return f"nothing fits: {report.refusal}"
    fit = report.chosen
    notes = [fit.warning] if fit.warning else []
    if fit.precision in ("int8", "nf4") and not is_installed():
        notes.append("bitsandbytes is not installed: pip install bitsandbytes")
    said = f"chosen: {fit.precision} on {described(fit.placement)}, {fit.why}"
    return "\n".join([said, *(f"note: {note}" for note in notes)])
