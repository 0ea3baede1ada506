"""From what is to be served to a model that runs, with its adapters."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.convert import DEFAULT_MODEL
from inference.detokenize import TokenTexts
from inference.engine_loop import MAX_WAITING, EngineLoop
from inference.errors import AdapterNameRefused
from inference.fit import Wish
from inference.loading import (
    NO_ADAPTER,
    SHIPPED_ADAPTER,
    LoadedModel,
    load,
    shipped_adapter,
)
from inference.locating import Report
from inference.outline import Precision
from inference.server.models import MAX_NAME_CHARS, NAME, ServedModels
from inference.server.worker import Runtime
from inference.serving_engine import serving_engine

SHIPPED_NAME = "earshot-smollm2"


@dataclass(frozen=True, slots=True)
class AdapterChoice:
    """An adapter to serve: its folder, and the name it is asked for by."""

    folder: Path
    name: str

    @classmethod
    def parse(cls, text: str) -> "AdapterChoice":
        """Read FOLDER or NAME=FOLDER; without a name it is the folder's. Raises AdapterNameRefused."""
        name, separator, folder = text.partition("=")
        if separator and "/" not in name:
            _check_name(name)
            return cls(Path(folder).expanduser(), name)
        folder_only = Path(text).expanduser()
        return cls(folder_only, folder_only.name)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve, and how much memory and time it may take; None takes what fits."""

    model_id: str | None = None
    adapters: tuple[AdapterChoice, ...] = ()
    dynamic_adapters: bool = False
    threads: int | None = None
    precision: Precision | None = None
    conversations: int = 8
    max_cached_tokens: int | None = None
    max_parked_tokens: int | None = None
    max_prompt_tokens: int | None = None
    max_waiting: int = MAX_WAITING
    timeout_s: float = 120.0


def start_runtime(options: ServeOptions, report: Report) -> Runtime:
    """Load the model and start its engine. Raises InferenceError."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    is_merged = len(options.adapters) < 2 and not options.dynamic_adapters
    if not is_merged:
        _check_names(options.adapters)
    merged = options.adapters[0].folder if options.adapters else None
    loaded = load(
        options.model_id,
        adapter=merged if is_merged else NO_ADAPTER,
        max_prompt_tokens=options.max_prompt_tokens,
        report=report,
        wish=Wish(options.precision, options.conversations),
    )
    apart = () if is_merged else _apart(options, loaded)
    if any(choice.name == loaded.id for choice in apart):
        raise AdapterNameRefused(
            f"{loaded.id!r} is the name of the model, which an adapter of that name would hide: "
            "give the adapter another, --adapter NAME=FOLDER"
        )
    models = ServedModels(loaded, aliases=_aliases(options, loaded) if is_merged else ())
    engine = serving_engine(
        loaded,
        max_cached_tokens=options.max_cached_tokens,
        max_parked_tokens=options.max_parked_tokens,
    )
    for choice in apart:
        report(f"loading the adapter {choice.name}")
        served = models.adapted(choice.name, choice.folder)
        engine.adapters.add(choice.name, choice.folder, base=None)
        models.publish(served)
    return Runtime(
        loaded=loaded,
        models=models,
        loop=EngineLoop(engine, max_waiting=options.max_waiting),
        texts=TokenTexts(loaded.tokenizer),
        timeout_s=options.timeout_s,
        created=int(time.time()),
        can_change=options.dynamic_adapters,
    )


def _aliases(options: ServeOptions, loaded: LoadedModel) -> list[str]:
    """Give the names that an adapter merged into the model is known by too."""
    if options.adapters and loaded.adapter is not None:
        return [options.adapters[0].name]
    return [SHIPPED_NAME] if loaded.adapter == SHIPPED_ADAPTER else []


def _apart(options: ServeOptions, loaded: LoadedModel) -> Sequence[AdapterChoice]:
    """Give the adapters to serve beside the model: the shipped one where none was named."""
    if not options.adapters and loaded.id == DEFAULT_MODEL:
        return [AdapterChoice(shipped_adapter(), SHIPPED_NAME)]
    return [choice for choice in options.adapters if choice.folder != NO_ADAPTER]


def _check_names(choices: Sequence[AdapterChoice]) -> None:
    """Refuse names that requests could not ask for, or that are two adapters'."""
    for at, choice in enumerate(choices):
        if choice.folder == NO_ADAPTER:
            continue
        _check_name(choice.name)
        if choice.name in (other.name for other in choices[:at]):
            raise AdapterNameRefused(
                f"two adapters have the name {choice.name!r}: give one another, "
                "--adapter NAME=FOLDER"
            )


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME_CHARS or not re.fullmatch(NAME, name):
        raise AdapterNameRefused(
            f"{name!r} is no name for an adapter; give it one of up to {MAX_NAME_CHARS} letters, "
            "digits, dots, dashes and underscores: --adapter NAME=FOLDER"
        )
