"""One thread that owns the engine and lets several generations take turns, a step each.

So a decision waits for one step of a running reply, not for its end. Callers on any thread submit
iterators and hear of every step through a callback, called on the engine's thread.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from inference.errors import EngineStopped, InferenceError, RequestTimeout

logger = logging.getLogger(__name__)

StepT = TypeVar("StepT")
Clock = Callable[[], float]


class Job(Generic[StepT]):
    """A submitted iterator. `on_step` hears its steps, `on_end` its end: None, or what stopped it."""

    def __init__(
        self,
        steps: Iterator[StepT],
        *,
        on_step: Callable[[StepT], None],
        on_end: Callable[[InferenceError | None], None],
        deadline: float,
    ) -> None:
        self.steps = steps
        self.on_step = on_step
        self.on_end = on_end
        self.deadline = deadline
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop before the next step; the callbacks are not called any more."""
        self.cancelled.set()


class Scheduler:
    """Runs jobs in turns on a thread of its own, new ones first. Close it when done."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._inbox: queue.SimpleQueue[Job[object] | None] = queue.SimpleQueue()
        self._running: deque[Job[object]] = deque()
        self._stopped = threading.Event()
        self._door = threading.Lock()  # once it is stopped, nothing more comes into the inbox
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def submit(
        self,
        steps: Iterator[StepT],
        *,
        on_step: Callable[[StepT], None],
        on_end: Callable[[InferenceError | None], None],
        timeout_s: float,
    ) -> Job[StepT]:
        """Start an iterator on the engine's thread. Raises EngineStopped after `close`.

        After `timeout_s` it is stopped and `on_end` gets RequestTimeout.
        """
        job = Job(steps, on_step=on_step, on_end=on_end, deadline=self._clock() + timeout_s)
        with self._door:
            if self._stopped.is_set():
                raise EngineStopped("the worker is shutting down")
            self._inbox.put(job)  # type: ignore[arg-type]
        return job

    def close(self, *, timeout_s: float = 10.0) -> None:
        """Stop after the current step; running jobs end with EngineStopped."""
        with self._door:
            self._stopped.set()
        self._inbox.put(None)
        self._thread.join(timeout_s)

    def _loop(self) -> None:
        while not self._stopped.is_set():
            self._admit()
            if self._running:
                self._step(self._running.popleft())
        # What came in just before `close` is told too: its caller waits for an end.
        while not self._inbox.empty():
            if (job := self._inbox.get()) is not None:
                self._running.append(job)
        while self._running:
            self._end(self._running.popleft(), EngineStopped("the worker is shutting down"))

    def _admit(self) -> None:
        """Take in what was submitted, waiting only if there is nothing else to do."""
        try:
            while True:
                job = self._inbox.get(block=not self._running)
                if job is None:
                    return
                self._running.appendleft(job)
        except queue.Empty:
            return

    def _step(self, job: "Job[object]") -> None:
        if job.cancelled.is_set():
            _close(job)
            return
        if self._clock() > job.deadline:
            self._end(job, RequestTimeout("the request took too long and was stopped"))
            return
        try:
            job.on_step(next(job.steps))
        except StopIteration:
            job.on_end(None)
        except InferenceError as error:
            self._end(job, error)
        except Exception:
            logger.exception("the engine failed on a request")
            self._end(job, EngineStopped("the model failed on this request; see the worker's log"))
        else:
            self._running.append(job)

    def _end(self, job: "Job[object]", error: InferenceError) -> None:
        _close(job)
        if not job.cancelled.is_set():
            job.on_end(error)


def _close(job: "Job[object]") -> None:
    """Close the iterator on the engine's thread, so that it gives its prefix back there."""
    close = getattr(job.steps, "close", None)
    if close is not None:
        close()
