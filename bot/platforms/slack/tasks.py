"""What goes on after Slack has its acknowledgement: tasks with an owner, each done once.

Slack delivers an interaction anew where it believes that we did not hear it. At the end nothing is
begun any more: whoever delivers it hears so, before it is acknowledged.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from bot.errors import PlatformUnavailable
from bot.platforms.handling import Handling

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 2000  # Slack delivers anew within seconds


class Tasks:
    """Owns what is being done for people. A failure is logged, and ends nothing else."""

    def __init__(self) -> None:
        self._handling = Handling()

    def start(self, work: Callable[[], Awaitable[object]], *, name: str) -> asyncio.Task[None]:
        """Do something on the side; `name` says what, in the log.

        Raises PlatformUnavailable once it is closed.
        """
        self.check_open()
        task = asyncio.create_task(_watched(work, name), name=name)
        self._handling.add(task)
        return task

    def check_open(self) -> None:
        """Raise PlatformUnavailable once it is closed.

        To be called before something is remembered as done: it may come again.
        """
        if self._handling.is_over:
            raise PlatformUnavailable("Earshot stops here")

    async def idle(self) -> None:
        """Wait until nothing is being done."""
        while tasks := list(self._handling.tasks):
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """End all that is being done, and refuse what is still to come."""
        await self._handling.stop()


async def _watched(work: Callable[[], Awaitable[object]], name: str) -> None:
    try:
        await work()
    except Exception:  # the top of a task
        logger.exception("%s failed", name)


class Once:
    """Remembers what was seen lately, the newest of it."""

    def __init__(self, max_remembered: int = MAX_REMEMBERED) -> None:
        self._seen: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._max_remembered = max_remembered

    def is_new(self, *key: str) -> bool:
        """Tell whether something is seen for the first time, and remember it.

        What has no name at all is always new.
        """
        if not any(key):
            return True
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._max_remembered:
            self._seen.popitem(last=False)
        return True
