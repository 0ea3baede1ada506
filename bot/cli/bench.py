"""What `earshot bench intake`, `pipeline` and `room` print; the measuring is in `bot.bench`."""

import asyncio
import json
from tempfile import TemporaryDirectory

from bot.bench.intake import intake as measure_intake
from bot.bench.overhead import overhead
from bot.bench.room import room_memory
from bot.cli.terminal import out


def intake(*, num_messages: int, as_json: bool) -> None:
    """Print how many messages a second the history takes in, on SQLite."""
    with TemporaryDirectory(prefix="earshot-bench-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/bench.db"
        per_second = asyncio.run(measure_intake(url, count=num_messages))
    _print({"messages_per_second": round(per_second)}, as_json=as_json)


def pipeline(*, num_messages: int, as_json: bool) -> None:
    """Print what Earshot adds to each message in milliseconds, the model aside."""
    with TemporaryDirectory(prefix="earshot-bench-") as folder:
        cost = asyncio.run(overhead(f"sqlite+aiosqlite:///{folder}/bench.db", count=num_messages))
    figures = {"p50_ms": round(cost.p50_ms, 2), "p95_ms": round(cost.p95_ms, 2)}
    _print(figures, as_json=as_json)


def room(*, num_messages: int, as_json: bool) -> None:
    """Print the resident memory of the bot while it serves a room with that many messages."""
    _print({"resident_mb": round(room_memory(num_messages), 1)}, as_json=as_json)


def _print(figures: dict[str, float], *, as_json: bool) -> None:
    if as_json:
        out().print(json.dumps(figures))
        return
    for name, value in figures.items():
        out().print(f"{name.replace('_', ' ')}: {value:,}")
