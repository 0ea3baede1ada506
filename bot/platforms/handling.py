"""The tasks that deal with an event just now, so that a stop can end them."""

import asyncio
from collections.abc import Collection


class Handling:
    """The tasks that deal with an event just now, of all clients of a run."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The tasks that are not done yet."""
        return self._tasks

    @property
    def is_over(self) -> bool:
        """Tell whether all was ended."""
        return self._is_over

    def add(self, task: asyncio.Task[None]) -> None:
        """Keep a task until it is done; once all is over, it does not even begin."""
        if self._is_over:
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End all tasks, and those that are still to come."""
        self._is_over = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
