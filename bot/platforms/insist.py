"""Asks a failing history again until it answers: what a platform delivers once must not be lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import StoreError

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 0.5
MAX_WAIT_S = 30.0

Result = TypeVar("Result")


async def insisted(
    ask: Callable[[], Awaitable[Result]],
    what: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result:
    """Give what `ask` gives, once the history can be read and written; `what` names it in the log."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            return await ask()
        except StoreError as error:
            logger.warning("%s waits for the history, %.1f s: %s", what, wait_s, error)
        await sleep(wait_s)
        wait_s = min(2 * wait_s, MAX_WAIT_S)
