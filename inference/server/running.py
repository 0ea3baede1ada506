"""A request that the engine's thread works on, as the event loop sees it."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from inference.engine_loop import EngineLoop
from inference.errors import InferenceError, RequestTimeout
from inference.generation import Request, Step

GRACE_S = 5.0  # beyond a request's own time limit: then the engine hangs in a step


class Running:
    """A submitted request: an async iterator of its steps. Leaving its context stops it.

    Iterating raises RequestTimeout, EngineStopped or OutOfMemory.
    """

    def __init__(
        self, loop: EngineLoop, request: Request, *, timeout_s: float, is_urgent: bool = False
    ) -> None:
        """Submit a request, from within the event loop. Raises QueueFull or EngineStopped."""
        self._inbox: asyncio.Queue[Step | _End] = asyncio.Queue()
        self._event_loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._job = loop.submit(
            request,
            on_step=self._tell,
            on_end=lambda error: self._tell(_End(error)),
            timeout_s=timeout_s,
            is_urgent=is_urgent,
        )

    def __aiter__(self) -> Self:
        """Give itself."""
        return self

    async def __anext__(self) -> Step:
        """Give the next piece, or Done."""
        try:
            async with asyncio.timeout(self._timeout_s + GRACE_S):
                item = await self._inbox.get()
        except TimeoutError:
            raise RequestTimeout("the model gave no answer in time; the worker may hang") from None
        if not isinstance(item, _End):
            return item
        if item.error is not None:
            raise item.error
        raise StopAsyncIteration

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, if it is not over."""
        self._job.cancel()

    def _tell(self, item: "Step | _End") -> None:
        """Hear of a step, on the engine's thread."""
        with suppress(RuntimeError):  # the event loop may have closed: nobody listens any more
            self._event_loop.call_soon_threadsafe(self._inbox.put_nowait, item)


class _End:
    """What stands behind the last step: None, or what stopped it."""

    def __init__(self, error: InferenceError | None) -> None:
        self.error = error
