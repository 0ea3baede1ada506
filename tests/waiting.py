"""Waiting until something is true, with no polling where somebody tells; knows no platform."""

import asyncio
from collections.abc import Callable

# For what only a hang would outlast: a slow machine is no hang.
WITHIN_S = 60.0


class Happenings:
    """Who waits is woken after everything that happens."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        """Wake those who wait."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def until(self, true: Callable[[], object], *, within_s: float = WITHIN_S) -> bool:
        """Wait until something is true; give False if it stays false for so long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while not true():
            happened = loop.create_future()
            self._waiting.add(happened)
            try:
                await asyncio.wait_for(happened, deadline - loop.time())
            except TimeoutError:
                return False
            finally:
                self._waiting.discard(happened)
        return True


async def seen(true: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
    """Wait until something is true that nobody tells of."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
