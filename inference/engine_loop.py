"""The one thread that owns the engine: takes requests in, runs steps, and ends what must end.

Callers on any thread submit requests and hear of every piece through a callback, called on the
engine's thread. What waits is bounded, and every request has a deadline.
"""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from inference.engine import Engine
from inference.errors import EngineStopped, InferenceError, QueueFull, RequestTimeout
from inference.generation import Generation, OnEnd, OnStep, Request, Step

WINDOW_S = 0.003  # how long an idle engine waits for requests that are already being read
IDLE_S = 0.05  # after so long without a request, a pass that nobody waits for disturbs nobody
MAX_WAITING = 256
MAX_RETRY_AFTER_S = 60
_SMOOTHING = 0.1  # weight of the newest request in the mean time that one takes

Clock = Callable[[], float]
ResultT = TypeVar("ResultT")
logger = logging.getLogger(__name__)


class Job:
    """A submitted request."""

    def __init__(
        self,
        request: Request,
        *,
        on_step: OnStep,
        on_end: OnEnd,
        deadline: float,
        is_urgent: bool = False,
    ) -> None:
        self.request = request
        self.is_urgent = is_urgent
        self.deadline = deadline
        self.generation: Generation | None = None  # None: still in the inbox
        self.is_cancelled = False
        self._on_step = on_step
        self._on_end = on_end

    def cancel(self) -> None:
        """Stop before the next step; the callbacks are not called any more."""
        self.is_cancelled = True

    def tell(self, step: Step) -> None:
        """Pass on a piece, or the end of the answer."""
        if not self.is_cancelled:
            self._on_step(step)

    def end(self, error: InferenceError | None) -> None:
        """Say that it is over."""
        if not self.is_cancelled:
            self._on_end(error)


class EngineLoop:
    """Runs an engine on a thread of its own. Close it when done."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_waiting: int = MAX_WAITING,
        window_s: float = WINDOW_S,
        clock: Clock = time.monotonic,
    ) -> None:
        self.engine = engine
        self._max_waiting = max_waiting
        self._window_s = window_s
        self._clock = clock
        self._inbox: queue.SimpleQueue[Job | Callable[[], None] | None] = queue.SimpleQueue()
        self._jobs: dict[Job, None] = {}  # submitted and not ended
        self._door = threading.Lock()  # guards `_jobs`, `_num_expected` and the way into the inbox
        self._num_expected = 0
        self._is_stopped = False
        self._pace = _Pace(clock)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def num_waiting(self) -> int:
        """Number of requests of which nothing has been run yet."""
        return max(0, len(self._jobs) - self.engine.num_running)

    def submit(
        self,
        request: Request,
        *,
        on_step: OnStep,
        on_end: OnEnd,
        timeout_s: float,
        is_urgent: bool = False,
    ) -> Job:
        """Hand a request to the engine.

        After `timeout_s` it is stopped and `on_end` gets RequestTimeout. Raises EngineStopped after
        `close`, and QueueFull if too many wait, unless it `is_urgent`: then it comes first, too.
        """
        job = Job(
            request,
            on_step=on_step,
            on_end=on_end,
            deadline=self._clock() + timeout_s,
            is_urgent=is_urgent,
        )
        with self._door:
            self._check_open()
            if not is_urgent and self.num_waiting >= self._max_waiting:
                raise QueueFull(self._max_waiting, self._retry_after_s())
            self._jobs[job] = None
            self._inbox.put(job)
        return job

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Tell that a request is on its way: an idle engine waits for it, for some milliseconds.

        It is no longer expected once it is submitted, or will not be.
        """
        with self._door:
            self._num_expected += 1
        try:
            yield
        finally:
            with self._door:
                self._num_expected -= 1

    def call(self, act: Callable[[], ResultT]) -> "Future[ResultT]":
        """Do something to the engine between two steps. Raises EngineStopped after `close`."""
        future: Future[ResultT] = Future()
        with self._door:
            self._check_open()
            self._inbox.put(lambda: _fulfil(future, act))
        return future

    def close(self, *, timeout_s: float = 10.0) -> None:
        """Stop after the current step; running requests end with EngineStopped."""
        with self._door:
            self._is_stopped = True
        self._inbox.put(None)
        self._thread.join(timeout_s)

    def _check_open(self) -> None:
        if self._is_stopped:
            raise EngineStopped("the worker is shutting down")

    def _retry_after_s(self) -> int:
        wanted = math.ceil(self.num_waiting * self._pace.request_s)
        return min(max(1, wanted), MAX_RETRY_AFTER_S)

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                self._take_in()
                self._tend()
                self.engine.step()
            except Exception:
                logger.exception("the engine failed")
                self._cancel_all("the model failed; see the worker's log")
        # What came in just before `close` is told too: its caller waits for an end.
        while not self._inbox.empty():
            self._receive(self._inbox.get())
        self._cancel_all("the worker is shutting down")

    def _cancel_all(self, reason: str) -> None:
        try:
            self.engine.cancel_all(EngineStopped(reason))
        except Exception:
            logger.exception("what was running could not be ended")

    def _take_in(self) -> None:
        """Take in what was submitted; wait only if there is nothing else to do."""
        if not self._has_work():
            self._await_first()
            self._await_expected()
            self._pace.begin()
        while not self._inbox.empty():
            self._receive(self._inbox.get())

    def _await_first(self) -> None:
        """Wait for something to do; when nothing comes for a while, look ahead."""
        try:
            self._receive(self._inbox.get(timeout=IDLE_S))
        except queue.Empty:
            if not self.engine.look_ahead():
                self._receive(self._inbox.get())

    def _has_work(self) -> bool:
        return bool(self.engine.num_running or self.engine.num_waiting)

    def _await_expected(self) -> None:
        """Give requests that arrive together the chance to share a step."""
        until = self._clock() + self._window_s
        while self._num_expected > 0 and (rest_s := until - self._clock()) > 0:
            try:
                self._receive(self._inbox.get(timeout=rest_s))
            except queue.Empty:
                return

    def _receive(self, item: "Job | Callable[[], None] | None") -> None:
        if not isinstance(item, Job):
            if item is not None:
                item()
            return
        try:
            item.generation = self.engine.add(
                item.request,
                on_step=item.tell,
                on_end=lambda error: self._ended(item, error),
                is_urgent=item.is_urgent,
            )
        except InferenceError as error:
            self._ended(item, error)

    def _ended(self, job: Job, error: InferenceError | None) -> None:
        if not job.is_urgent:  # those are no work of the usual kind
            self._pace.end_one()
        self._forget(job)
        job.end(error)

    def _tend(self) -> None:
        """Stop what was cancelled or has taken too long."""
        now = self._clock()
        for job in list(self._jobs):
            if job.generation is None:
                continue
            if job.is_cancelled or job.generation.has_ended:
                self.engine.cancel(job.generation)
                self._forget(job)
            elif now > job.deadline:
                late = RequestTimeout("the request took too long and was stopped")
                self.engine.cancel(job.generation, late)

    def _forget(self, job: Job) -> None:
        with self._door:
            self._jobs.pop(job, None)


class _Pace:
    """The mean time that a request takes while the engine is busy, the newest counting most."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock()
        self.request_s = 0.0

    def begin(self) -> None:
        """Start counting: the engine was idle."""
        self._since = self._clock()

    def end_one(self) -> None:
        """Count a request that ended."""
        now = self._clock()
        newest, self._since = now - self._since, now
        self.request_s += _SMOOTHING * (newest - self.request_s)


def _fulfil(future: "Future[ResultT]", act: Callable[[], ResultT]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(act())
    except Exception as error:  # noqa: BLE001 - whoever asked for it hears of it
        future.set_exception(error)
