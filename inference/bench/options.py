"""What the measurements share: which model, on what, how often. Knows no command line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]
"""Hears what is being measured now."""


@dataclass(frozen=True, slots=True)
class Bench:
    """How to measure.

    The model is `model`, the default one if None; or, with `shape`, one of random weights that has
    the sizes of that known model. `precision` None is what fits, or bf16 on a GPU and fp32 on a CPU
    for random weights. `device` is "cpu" or "cuda", None for a GPU where there is one. `gguf` is the
    file that llama.cpp runs where it is not the default model, and `llama` the kinds of weights that
    it runs of that. Medians are taken of `rounds` rounds.
    """

    model: str | None = None
    shape: str | None = None
    device: str | None = None
    precision: str | None = None
    threads: int | None = None
    rounds: int = 5
    gguf: Path | None = None
    llama: tuple[str, ...] = ("q4_0",)
