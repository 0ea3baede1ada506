"""What happens in the rooms, told to every open page as it happens.

Events are hints, never the truth: a page that missed some is told to fetch the rooms again. Knows
nothing of HTTP or of the store.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

MAX_WAITING = 256  # events; a page that falls further behind fetches the room again instead


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `room` is None where it concerns all rooms."""

    kind: str
    room: str | None = None
    body: Mapping[str, object] = field(default_factory=dict)

    def encoded(self) -> str:
        """Give the event as one server-sent event."""
        body = json.dumps({"room": self.room, **self.body})
        return f"event: {self.kind}\ndata: {body}\n\n"


REFETCH = Event("refetch")


class Subscription:
    """The events one page has not read yet, bounded."""

    def __init__(self, *, max_waiting: int) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(max_waiting)

    def put(self, event: Event) -> None:
        """Add an event; a reader that is too slow loses all of them and is told to refetch."""
        if self._queue.full():
            self._drop()
            event = REFETCH
        self._queue.put_nowait(event)

    def end(self) -> None:
        """Let `next` give None; what was not read is dropped."""
        self._drop()
        self._queue.put_nowait(None)

    def _drop(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()

    async def next(self, *, timeout_s: float) -> Event | None:
        """Give the next event, or None when there will be no more.

        Raises TimeoutError when nothing happened for `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            return await self._queue.get()


class Events:
    """Everyone who listens, in one event loop."""

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._subscriptions: set[Subscription] = set()

    @property
    def num_subscribers(self) -> int:
        """Count the open pages."""
        return len(self._subscriptions)

    def publish(self, event: Event) -> None:
        """Tell every open page; never waits."""
        for subscription in self._subscriptions:
            subscription.put(event)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen until the context ends."""
        subscription = Subscription(max_waiting=self._max_waiting)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream, so that the server can stop without waiting for the pages."""
        for subscription in self._subscriptions:
            subscription.end()
