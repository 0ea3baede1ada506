"""Measure all that is wanted of a GPU in one run, on a bare machine: random weights, no network.

    python -m inference.bench.gpu                            # Qwen2.5-7B's sizes in bf16, 7 minutes
    python -m inference.bench.gpu --only decide,many         # some parts of it
    python -m inference.bench.gpu --device cpu --tiny        # the same steps in small, on any machine

Needs torch, transformers, accelerate and peft, and bitsandbytes for the part in nf4. Each part has a
time of its own and may fail without the others; the JSON file is written anew after each.
"""

import argparse
import json
import logging
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from inference.bench.gpu_parts import PARTS, Part, Scene
from inference.bench.result import about
from inference.bench.shapes import QWEN_7B
from inference.errors import InferenceError

MAX_S = 450.0
TARGETS = {
    "decision_ms": ("one decision, ms", "<", 20.0),
    "decisions_per_s": ("decisions a second", ">=", 400.0),
    "times_articles": ("times as fast as the articles' way", ">=", 50.0),
    "nf4_gb": ("nf4 with 4 conversations, GB", "<", 8.0),
    "reply_share": ("reply decoding, share of the bandwidth limit", ">=", 0.6),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a part ended: its figures, or why there are none.

    What cannot be measured here is `skipped`; what broke is a `failure`.
    """

    part: str
    took_s: float
    figures: dict[str, Any]
    skipped: str | None = None
    failure: str | None = None


class TooLong(Exception):  # noqa: N818 - what happened, not what is at fault
    """A part used up its time."""


def run_parts(parts: list[Part], scene: Scene, *, max_s: float, out: Path | None) -> list[Outcome]:
    """Run one part after the other, each within its own time and what is left of the whole."""
    outcomes: list[Outcome] = []
    end_s = time.monotonic() + max_s
    for part in parts:
        left_s = min(part.max_s, end_s - time.monotonic())
        print(f"{part.name} ...", file=sys.stderr, flush=True)  # noqa: T201
        outcomes.append(_run(part, scene, left_s))
        if out is not None:
            out.write_text(json.dumps(_summary(scene, outcomes), indent=1), encoding="utf-8")
    return outcomes


def _run(part: Part, scene: Scene, max_s: float) -> Outcome:
    began_s = time.monotonic()
    figures: dict[str, Any] = {}
    skipped = failure = None
    try:
        if max_s <= 0:
            raise TooLong("no time was left")
        with _limited(max_s):
            figures = part.act(scene)
    except InferenceError as error:
        skipped = str(error)
    except TooLong as error:
        failure = str(error)
    except Exception as error:  # noqa: BLE001 - the other parts go on
        traceback.print_exc()
        failure = f"{type(error).__name__}: {error}"
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    took_s = round(time.monotonic() - began_s, 1)
    return Outcome(part.name, took_s, figures, skipped, failure)


@contextmanager
def _limited(max_s: float) -> Iterator[None]:
    """Raise TooLong in the main thread after that time; a kernel under way is waited for."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong(f"stopped after {max_s:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _summary(scene: Scene, outcomes: list[Outcome]) -> dict[str, Any]:
    told = about(scene.subject) if scene.subject else {}
    return {
        "benchmark": "gpu",
        **told,
        "targets": [asdict(check) for check in checks(outcomes)],
        "parts": [asdict(outcome) for outcome in outcomes],
    }


@dataclass(frozen=True, slots=True)
class Check:
    """A target, and what was measured; None where it was not."""

    name: str
    wanted: str
    measured: float | None
    is_met: bool | None


def checks(outcomes: list[Outcome]) -> list[Check]:
    """Hold what was measured against what is wanted."""
    figures: dict[str, Any] = {}
    for outcome in outcomes:
        figures |= outcome.figures
    found = []
    for key, (name, sign, wanted) in TARGETS.items():
        value = figures.get(key)
        is_met = None
        if value is not None:
            is_met = value < wanted if sign == "<" else value >= wanted
        found.append(Check(name, f"{sign} {wanted:g}", value, is_met))
    return found


def table(outcomes: list[Outcome]) -> str:
    """Give the targets, then the figures of each part, as plain lines."""
    words = {None: "not measured", True: "met", False: "MISSED"}
    lines = [f"{'target':<46} {'wanted':>8} {'measured':>10}"]
    for check in checks(outcomes):
        value = "" if check.measured is None else f"{check.measured:.2f}"
        lines.append(f"{check.name:<46} {check.wanted:>8} {value:>10}  {words[check.is_met]}")
    for outcome in outcomes:
        lines.append(f"\n{outcome.part} ({outcome.took_s:.0f} s)")
        lines += [f"  {line}" for line in _lines(outcome.figures)]
        if why := outcome.skipped or outcome.failure:
            lines.append(f"  not measured: {why}")
    return "\n".join(lines)


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    for name, value in figures.items():
        if isinstance(value, list):
            yield f"{name}:"
            yield from (f"  {_row(one)}" for one in value)
        else:
            yield f"{name}: {value}"


def _row(row: Any) -> str:
    return (
        ", ".join(f"{key} {value}" for key, value in row.items()) if isinstance(row, dict) else row
    )


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line asks for; leaves with 1 if a part broke."""
    parser = argparse.ArgumentParser(prog="inference.bench.gpu", description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--shape", default=QWEN_7B, help="a model of the catalogue")
    parser.add_argument("--tiny", action="store_true", help="the same steps with a tiny model")
    parser.add_argument("--only", default="", help=f"of: {', '.join(part.name for part in PARTS)}")
    parser.add_argument("--max-s", type=float, default=MAX_S, help="time for all of it")
    parser.add_argument("--out", type=Path, help="a JSON file")
    given = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    wanted = set(filter(None, given.only.split(",")))
    # Without the model there is nothing to measure.
    parts = [part for part in PARTS if not wanted or part.name in wanted or part.name == "model"]
    scene = Scene(given.shape, device=given.device, is_tiny=given.tiny)
    outcomes = run_parts(parts, scene, max_s=given.max_s, out=given.out)
    print(table(outcomes))  # noqa: T201
    if any(outcome.failure for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
