"""Has each event written down before Slack is told that it arrived, and each only once.

Slack delivers an event again where nobody acknowledged it within three seconds. What takes longer
goes on; the event is then not acknowledged, and when it comes again it waits for the same work.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from bot.errors import EarshotError

logger = logging.getLogger(__name__)

PATIENCE_S = 2.5  # of the three seconds that Slack allows
MAX_REMEMBERED = 10_000  # Slack delivers again within the hour
STOP_S = 5.0


class Arrivals:
    """The events under way. Owns their work; `close` ends it."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[bool]] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._num_late = 0  # since nothing was under way

    async def recorded(self, event_id: str, record: Callable[[], Awaitable[None]]) -> bool:
        """Tell whether an event is written down; `record` does it, unless it has been done."""
        if event_id in self._done:
            return True
        work = self._under_way.get(event_id)
        if work is None:
            work = asyncio.create_task(self._run(event_id, record), name=f"event {event_id}")
            self._under_way[event_id] = work
        await asyncio.wait({work}, timeout=PATIENCE_S)
        if work.done() and not work.cancelled():
            return work.result()
        self._tell_late(event_id)
        return False

    async def close(self) -> None:
        """Let what is under way come to its end, but not for ever."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way.values(), timeout=STOP_S)
            for work in late:
                work.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _tell_late(self, event_id: str) -> None:
        """Tell of the first event that takes too long; of a flood of them, one line is enough."""
        self._num_late += 1
        if self._num_late == 1:
            logger.warning(
                "Slack: the event %s is not written down after %.1f s: it is not acknowledged, and "
                "Slack will deliver it again",
                event_id,
                PATIENCE_S,
            )

    def _tell_caught_up(self) -> None:
        if not self._under_way:
            if self._num_late > 1:
                logger.info(
                    "Slack: events took too long %d times; now all are written down", self._num_late
                )
            self._num_late = 0

    async def _run(self, event_id: str, record: Callable[[], Awaitable[None]]) -> bool:
        try:
            await record()
        except EarshotError as error:
            logger.warning("Slack: the event %s could not be written down: %s", event_id, error)
            return False
        except Exception:  # the top of an event's work: Slack delivers it again
            logger.exception("Slack: the event %s could not be written down", event_id)
            return False
        else:
            self._remember(event_id)
            return True
        finally:
            del self._under_way[event_id]
            self._tell_caught_up()

    def _remember(self, event_id: str) -> None:
        self._done[event_id] = None
        if len(self._done) > MAX_REMEMBERED:
            self._done.popitem(last=False)
