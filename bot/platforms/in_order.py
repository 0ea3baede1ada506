"""Runs what concerns one place in the order it came, however long each piece takes.

A client hands every event to a task of its own: without this an edit could overtake its message.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Queue:
    """The turns of one place. `num_waiting` counts who has or wants the turn."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    num_waiting: int = 0


class InOrder:
    """Gives turns, one at a time for each key, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._queues: dict[Hashable, _Queue] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for the turn of a key, and have it until the context ends."""
        queue = self._queues.setdefault(key, _Queue())
        queue.num_waiting += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.num_waiting -= 1
            if not queue.num_waiting:
                del self._queues[key]

    def num_waiting(self, key: Hashable) -> int:
        """Count who has or wants the turn of a key."""
        queue = self._queues.get(key)
        return queue.num_waiting if queue else 0

    async def all_before(self) -> None:
        """Wait until everybody who has or wants a turn now, of whatever key, has had it."""
        for key in list(self._queues):
            async with self.turn(key):
                pass
