"""The models that Earshot is known to work with, and what has to be known of each without a network.

The numbers are those of each model's public configuration, so that the memory it needs can be told,
and a model of its shape be built, on a machine that never saw it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class Entry:
    """One model.

    `form` names the chat form it gets untuned; `template` says how its turns look; `gated` that the
    hub gives it only to those who accept its licence.
    """

    id: str
    form: str
    template: str
    license: str
    gated: bool
    good_for: str
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The id without the organisation."""
        return self.id.rsplit("/", 1)[-1]


@cache
def catalogue() -> tuple[Entry, ...]:
    """Give all models, the one that comes embedded first."""
    text = (files("inference") / "catalogue.json").read_text(encoding="utf-8")
    return tuple(Entry(**raw) for raw in json.loads(text))


def entry_of(model_id: str) -> Entry | None:
    """Find a model by its id, or by the name of its folder; None if it is not in the catalogue."""
    wanted = model_id.rsplit("/", 1)[-1].casefold()
    return next((entry for entry in catalogue() if entry.name.casefold() == wanted), None)


def config_of(entry: Entry) -> "PretrainedConfig":
    """Build the model's configuration, asking nobody."""
    from transformers import AutoConfig

    numbers = dict(entry.config)
    config = AutoConfig.for_model(numbers.pop("model_type"), **numbers)
    config.name_or_path = entry.id
    return config
