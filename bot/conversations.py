"""One worker per conversation: keeps order, lets a burst settle, drops nothing.

What is said waits in the history, not here: a worker only decides when to look. It knows nothing of
models or platforms, and a crash loses no message.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bot.messages import ConversationKey
from bot.settle import Settling, due_at

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Burst:
    """A burst that has not settled; times are seconds of the event loop's clock."""

    first_at: float
    last_at: float
    addressed: bool
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Conversations:
    """Runs `respond` for each conversation once its burst has settled, one call at a time."""

    def __init__(
        self, respond: Callable[[ConversationKey], Awaitable[object]], *, settling: Settling
    ) -> None:
        self._respond = respond
        self._settling = settling
        self._bursts: dict[ConversationKey, _Burst] = {}
        self._workers: dict[ConversationKey, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._is_stopped = False

    async def __aenter__(self) -> Self:
        """Start nothing: workers come with their first message."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop all workers."""
        await self.stop()

    async def stop(self) -> None:
        """Stop all workers, and what runs aside, for good. What was not decided waits in the history.

        What is recorded from now on waits, too: a reply that was cut short may stand there already,
        and only the next start finds out.
        """
        self._is_stopped = True
        tasks = [*self._workers.values(), *self._asides]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self, where: ConversationKey, *, addressed: bool) -> None:
        """Say that a message was recorded in a conversation."""
        if self._is_stopped:
            return
        now = asyncio.get_running_loop().time()
        burst = self._bursts.setdefault(where, _Burst(now, now, addressed))
        burst.last_at = now
        burst.addressed = burst.addressed or addressed
        burst.changed.set()
        if where not in self._workers:
            self._workers[where] = asyncio.create_task(self._work(where), name=f"decide {where}")

    def aside(self, work: Coroutine[object, object, object], *, name: str) -> None:
        """Run what neither a message nor a decision has to wait for; a failure is logged."""
        if self._is_stopped:
            work.close()
            return
        task = asyncio.create_task(self._logged(work, name), name=name)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def is_busy(self, where: ConversationKey) -> bool:
        """Tell whether something is left to decide in a conversation."""
        return where in self._workers

    async def settled(self, where: ConversationKey) -> None:
        """Wait until nothing is left to decide in a conversation."""
        while (worker := self._workers.get(where)) is not None:
            await asyncio.wait([worker])

    async def drain(self) -> None:
        """Wait until nothing is left to decide, nor to do aside."""
        while tasks := [*self._workers.values(), *self._asides]:
            await asyncio.wait(tasks)

    async def _logged(self, work: Coroutine[object, object, object], name: str) -> None:
        try:
            await work
        except Exception:
            logger.exception("%s failed", name)

    async def _work(self, where: ConversationKey) -> None:
        try:
            while burst := self._bursts.get(where):
                await self._settle(burst)
                del self._bursts[where]
                try:
                    await self._respond(where)
                except Exception:
                    logger.exception("deciding in %s failed", where)
        finally:
            del self._workers[where]

    async def _settle(self, burst: _Burst) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = due_at(
                burst.first_at, burst.last_at, addressed=burst.addressed, settling=self._settling
            )
            if due <= loop.time():
                return
            burst.changed.clear()
            try:
                async with asyncio.timeout_at(due):
                    await burst.changed.wait()
            except TimeoutError:
                return
