"""How many events of a place may wait, such as while the history fails: each keeps a task and memory.

What is said beyond that is let go, and fetched once it would have been its turn.
"""

import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from bot.platforms.in_order import InOrder

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # events a place, about 8 MB


@dataclass(frozen=True, slots=True)
class Crowds:
    """Tells which events are too many. `turns` are the turns of the places."""

    turns: InOrder
    platform_name: str
    _fetching: set[Hashable] = field(
        init=False, default_factory=set
    )  # places, as soon as it is their turn

    async def is_too_big(self, place: Hashable, fetch: Callable[[], Awaitable[None]]) -> bool:
        """Tell whether an event that comes now is to be let go: it is fetched, or about to be.

        `fetch` is awaited at the turn of the place, by the first whose event is let go.
        """
        if self.turns.num_waiting(place) < MAX_WAITING:
            return False
        if place not in self._fetching:
            self._fetching.add(place)
            logger.warning(
                "%s: %d events of the place %s wait; what comes now is fetched after them",
                self.platform_name,
                MAX_WAITING,
                place,
            )
            try:
                async with self.turns.turn(place):
                    self._fetching.discard(place)  # what comes from here on may come too late
                    await fetch()
            finally:
                self._fetching.discard(place)
        return True
