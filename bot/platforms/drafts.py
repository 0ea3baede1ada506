"""The pace at which a growing reply is shown: soon, then at most once in an interval.

Knows no platform: what showing means is handed in. Nobody ever waits for a draft.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from bot.errors import PlatformError, PlatformUnavailable

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0  # as often as most platforms let a message be edited
MIN_CHARS = 20  # words worth a look
FIRST_WAIT_S = 0.5  # after which fewer are shown too


class Draft:
    """One reply while it is being written; a task of its own shows its newest text.

    `show` is awaited with one text at a time. Where it raises PlatformError, that is logged; the next
    text is shown nevertheless if it raises PlatformUnavailable, and none any more otherwise.
    """

    def __init__(
        self,
        show: Callable[[str], Awaitable[None]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        first_wait_s: float = FIRST_WAIT_S,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._show = show
        self._sleep = sleep
        self._first_wait_s = first_wait_s
        self._interval_s = interval_s
        self._text = ""
        self._is_new = asyncio.Event()
        self._is_enough = asyncio.Event()
        self._is_stopped = False
        self._showing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def write(self, text: str) -> None:
        """Take the text written so far; returns at once."""
        if self._is_stopped or not text.strip():
            return
        self._text = text
        self._is_new.set()
        if len(text) >= MIN_CHARS:
            self._is_enough.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Show nothing from here on; what is being shown just now is awaited."""
        self._is_stopped = True
        if self._task is None:
            return
        async with self._showing:  # a call that is cut short may or may not have arrived
            self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._first_wait_s):
                await self._is_enough.wait()
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            async with self._showing:
                if self._is_stopped:
                    return
                if not await self._may_go_on(self._text):
                    return
            await self._sleep(self._interval_s)

    async def _may_go_on(self, text: str) -> bool:
        """Show a text, and tell whether there is sense in showing the next."""
        try:
            await self._show(text)
        except PlatformUnavailable as error:
            logger.warning("a draft was not shown: %s", error)
        except PlatformError as error:  # asked for ever, a platform bans the asker
            logger.warning("a reply is not shown before it is whole: %s", error)
            return False
        except Exception:  # the top of a task: the reply itself is still posted
            logger.exception("a draft failed")
        return True
