"""What the pipeline itself costs a message: everything from receiving to deciding but the model."""

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from time import perf_counter

from bot.bench.instant import InstantModel
from bot.bench.intake import messages
from bot.messages import Author
from bot.pipeline import Pipeline
from bot.platforms.replay import ReplayPlatform
from bot.settle import Settling
from bot.store import Store


@dataclass(frozen=True, slots=True)
class Overhead:
    """Milliseconds a message, from `receive` to the kept decision."""

    p50_ms: float
    p95_ms: float


async def overhead(url: str, *, count: int) -> Overhead:
    """Put `count` messages through the pipeline one by one, their histories growing meanwhile."""
    store = await Store.open(url)
    try:
        pipeline = Pipeline(
            store=store,
            model=InstantModel(),
            platform=ReplayPlatform(),
            me=Author("earshot", "Earshot", is_bot=True),
            clock=lambda: datetime.now(UTC),
            settling=Settling(quiet_s=0, max_s=0),
            max_age_s=1e9,
        )
        async with pipeline.conversations:
            took_ms = []
            for message in messages(count):
                started = perf_counter()
                await pipeline.receive(message)
                await pipeline.conversations.drain()
                took_ms.append((perf_counter() - started) * 1000)
        cuts = quantiles(took_ms, n=20)
        return Overhead(p50_ms=cuts[9], p95_ms=cuts[18])
    finally:
        await store.close()
