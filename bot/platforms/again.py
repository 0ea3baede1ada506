"""What had to wait is tried again: replies that could not be posted, messages still undecided."""

from collections.abc import Awaitable, Callable

from bot.pipeline import Pipeline
from bot.platforms.insist import insisted

AGAIN_EVERY_S = 30.0

Sleep = Callable[[float], Awaitable[None]]


async def post_waiting(pipeline: Pipeline, sleep: Sleep) -> None:
    """Post the replies that wait."""
    await insisted(pipeline.delivery.try_again, "replies that wait", sleep=sleep)


async def wake_undecided(pipeline: Pipeline, sleep: Sleep) -> None:
    """Have decided what is undecided."""
    for where in await insisted(pipeline.waiting, "what is undecided", sleep=sleep):
        pipeline.conversations.wake(where, addressed=False)
