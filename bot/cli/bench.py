"""The commands `earshot bench intake`, `pipeline` and `room`; what they measure is in `bot.bench`."""

import asyncio
import json
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from bot.cli.terminal import out

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Count = Annotated[int, typer.Option("--messages", min=1, help="How many messages.")]


def intake(*, count: Count = 5000, as_json: AsJson = False) -> None:
    """Measure how many messages a second the history takes in, on SQLite."""
    from bot.bench.intake import intake as measure

    with TemporaryDirectory(prefix="earshot-bench-") as folder:
        per_second = asyncio.run(measure(f"sqlite:///{folder}/bench.db", count=count))
    _print({"messages_per_second": round(per_second)}, as_json=as_json)


def pipeline(*, count: Count = 500, as_json: AsJson = False) -> None:
    """Measure what a message costs in the pipeline without the model."""
    from bot.bench.overhead import overhead

    with TemporaryDirectory(prefix="earshot-bench-") as folder:
        cost = asyncio.run(overhead(f"sqlite:///{folder}/bench.db", count=count))
    figures = {"p50_ms": round(cost.p50_ms, 2), "p95_ms": round(cost.p95_ms, 2)}
    _print(figures, as_json=as_json)


def room(*, count: Count = 50, as_json: AsJson = False) -> None:
    """Measure the memory of the room's process with some messages in it, without the worker."""
    from bot.bench.room import room_memory

    _print({"resident_mb": round(room_memory(count), 1)}, as_json=as_json)


def _print(figures: dict[str, float], *, as_json: bool) -> None:
    if as_json:
        out().print(json.dumps(figures))
        return
    for name, value in figures.items():
        out().print(f"{name.replace('_', ' ')}: {value:,}")
