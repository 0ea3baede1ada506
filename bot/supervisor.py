"""Keeps a model worker running beside the bot: started again whenever it dies or hangs.

Knows nothing of models. The address stays the same across restarts: this process owns the bound
socket, and each worker in turn listens on it.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from bot.errors import ConfigError, EarshotError, ModelUnavailable
from bot.worker_child import PROGRAM, options
from bot.worker_health import Health
from bot.worker_run import End, Timings, WorkerRun
from inference.wire.extras import install

logger = logging.getLogger(__name__)

MAX_EARLY_ENDS = 5  # of workers in a row that never were ready: then it is no accident

WorkerState = Literal["starting", "loading", "ready", "restarting", "failed"]


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """How the worker is doing. `detail` is a sentence for people, "" when it is ready.

    `progress` is how much is loaded, from 0 to 1, None where that is not known.
    """

    state: WorkerState
    detail: str
    progress: float | None = None


class WorkerProcess:
    """A supervised worker, as an async context manager: started on entry, stopped on exit."""

    def __init__(  # noqa: PLR0913 - what can be said of a worker, each by name
        self,
        *,
        model: str | None = None,
        adapter: str | Path | None = None,
        threads: int | None = None,
        precision: str | None = None,
        conversations: int | None = None,
        extra_args: Sequence[str] = (),
        command: Sequence[str] | None = None,
        on_status: Callable[[WorkerStatus], None] | None = None,
        timings: Timings | None = None,
    ) -> None:
        """Prepare, without starting anything; `on_status` hears every change."""
        given = options(
            model=model,
            adapter=adapter,
            threads=threads,
            precision=precision,
            conversations=conversations,
        )
        program = command or (*PROGRAM, "serve")
        self._command = [*program, *given, *extra_args, "--die-with-parent"]
        self._on_status = on_status
        self._timings = timings or Timings()
        self._status = WorkerStatus("starting", "the worker is starting")
        self._changed = asyncio.Event()
        self._error: EarshotError | None = None
        self._was_ready = False

    async def __aenter__(self) -> Self:
        """Bind the address and start the worker; does not wait until it is ready."""
        self._listener = _bound_socket()
        self._port: int = self._listener.getsockname()[1]
        self._run = WorkerRun(
            self._command,
            listener=self._listener,
            timings=self._timings,
            on_health=self._hear,
        )
        self._supervising = asyncio.create_task(self._supervise(), name="worker")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the worker: politely first, then by force, by its own process id."""
        self._supervising.cancel()
        with suppress(asyncio.CancelledError):
            await self._supervising
        self._listener.close()

    @property
    def url(self) -> str:
        """The OpenAI-compatible address, the same for every worker started here."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def pid(self) -> int | None:
        """The process id of the running worker, None between two."""
        return self._run.pid

    def status(self) -> WorkerStatus:
        """Say how the worker is doing."""
        return self._status

    async def wait_ready(self, *, timeout_s: float) -> None:
        """Wait until the model answers.

        Raises ConfigError if the worker lacks a package, ModelUnavailable if it gave up or
        `timeout_s` passed.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self._status.state != "ready":
                    if self._error is not None:
                        raise self._error
                    await self._changed.wait()
        except TimeoutError:
            raise ModelUnavailable(
                f"the worker is not ready after {timeout_s:g} s ({self._status.detail}): "
                "look at its log lines, or wait longer"
            ) from None

    async def _supervise(self) -> None:
        try:
            await self._keep_running()
        except Exception:
            logger.exception("the supervision of the worker failed")
            self._give_up(End("the supervision of the worker failed; see the log"))

    async def _keep_running(self) -> None:
        timings = self._timings
        backoff_s, num_early_ends = timings.first_backoff_s, 0
        while True:
            end = await self._run.run()
            num_early_ends += 1
            is_hopeless = end.is_final or end.lacks or num_early_ends >= MAX_EARLY_ENDS
            if is_hopeless and not self._was_ready:
                self._give_up(end)
                return
            if end.ready_s >= timings.stable_s:
                backoff_s = timings.first_backoff_s
            logger.error("%s; starting it again in %g s", end.reason, backoff_s)
            self._tell("restarting", f"{end.reason}; starting it again")
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, timings.max_backoff_s)

    def _hear(self, health: Health) -> None:
        """Pass on what the worker says of itself while it comes up; a lapse later is no news yet."""
        if health.status == "ready":
            self._was_ready = True
            self._tell("ready", "")
        elif health.status == "loading" and self._status.state != "ready":
            self._tell("loading", health.detail, health.progress)

    def _give_up(self, end: End) -> None:
        if end.lacks is not None:
            reason = (
                f"the worker lacks the Python package {end.lacks!r}: "
                f"run {install('worker')}, or set EARSHOT_MODEL_URL to a model server"
            )
            self._error = ConfigError(reason)
        else:
            reason = end.reason
            self._error = ModelUnavailable(reason)
        logger.error("%s", reason)
        self._tell("failed", reason)

    def _tell(self, state: WorkerState, detail: str, progress: float | None = None) -> None:
        status = WorkerStatus(state, detail, progress)
        if status == self._status:
            return
        self._status = status
        self._changed.set()
        self._changed = asyncio.Event()
        if self._on_status is not None:
            self._on_status(status)


def _bound_socket() -> socket.socket:
    """Bind a free port of this machine's loopback, to be kept however often a worker listens on it.

    By its number: Linux lets go of a port it chose itself when the socket stops listening. With
    SO_REUSEADDR: connections of the last worker that still wait for their end would forbid it.
    """
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
