"""Fit a model to this machine, or say what does not fit and what would."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inference.catalogue import Entry, catalogue, config_of
from inference.devices import Devices
from inference.errors import ModelTooLarge
from inference.fit import GB, Fit, Wish, choose, described, fits
from inference.outline import Outline

if TYPE_CHECKING:
    from transformers import PretrainedConfig


def fit_to(name: str, config: "PretrainedConfig", devices: Devices, wish: Wish) -> Fit:
    """Choose a precision and a place for a model.

    Raises ModelTooLarge with the numbers and the nearest precision or model that does fit.
    """
    outline = Outline.of(config)
    if chosen := choose(outline, devices, wish):
        return chosen
    raise ModelTooLarge(too_large(name, outline, devices, wish))


def too_large(name: str, outline: Outline, devices: Devices, wish: Wish) -> str:
    """Say that nothing fits, with the numbers and what does fit."""
    possible = fits(outline, devices)
    smallest = min(possible, key=lambda fit: fit.weights)
    told = [fit for fit in possible if fit.precision == wish.precision] or [smallest]
    best = max(told, key=lambda fit: fit.room)
    in_what = wish.precision or best.precision
    return (
        f"{name} needs {best.needs(wish.tokens) / GB:.1f} GB in {in_what} with one conversation of "
        f"{wish.tokens:,} tokens, and {max(best.room, 0) / GB:.1f} GB can be used on "
        f"{described(best.placement)}: {_remedy(outline, devices, wish)}"
    )


def _remedy(outline: Outline, devices: Devices, wish: Wish) -> str:
    without = Wish(conversations=1, tokens=wish.tokens)
    if wish.precision and (nearest := choose(outline, devices, without)):
        return f"with --precision {nearest.precision} (EARSHOT_PRECISION) it fits"
    for smaller in _smaller(outline):
        if fit := choose(Outline.of(config_of(smaller)), devices, without):
            return f"{smaller.id} fits, in {fit.precision}; or end what else uses the memory"
    return "end what else uses the memory, or set EARSHOT_MODEL_URL to a model server"


def _smaller(outline: Outline) -> Iterator[Entry]:
    """Give the models of the catalogue that are smaller, those first that we recommend."""
    largest_first = sorted(catalogue(), key=lambda entry: entry.config["hidden_size"], reverse=True)
    for entry in largest_first:
        if not entry.gated and Outline.of(config_of(entry)).num_parameters < outline.num_parameters:
            yield entry
