"""One worker from its start to its end, watched: it dies, it fails to load, it hangs, or is stopped.

Knows when a worker is gone and why; what follows from it is the supervisor's.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.worker_child import Child
from bot.worker_health import Health, HealthProbe


@dataclass(frozen=True, slots=True)
class Timings:
    """When what is done, in seconds.

    The worker answers /health by running a token, and waits up to 10 s for that, so it is asked
    seldom and given more time. It is hung if it was ready and then was not for `hung_s`.
    """

    poll_s: float = 0.25
    ready_poll_s: float = 5.0
    health_timeout_s: float = 15.0
    hung_s: float = 45.0
    first_backoff_s: float = 1.0
    max_backoff_s: float = 30.0
    stable_s: float = 60.0
    stop_s: float = 8.0  # the worker lets running requests end for 5


@dataclass(frozen=True, slots=True)
class End:
    """Why a worker is gone, in a sentence.

    `is_final`: a worker that never was ready will not get so by being started again. `lacks` is the
    Python package it could not find, None if that is not the reason. `ready_s` is for how long it
    was ready.
    """

    reason: str
    is_final: bool = False
    lacks: str | None = None
    ready_s: float = 0.0


class WorkerRun:
    """Runs workers on one bound socket, one after the other; `on_health` hears every answer."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        listener: socket.socket,
        timings: Timings,
        on_health: Callable[[Health], None],
    ) -> None:
        """Prepare, without starting anything. `command` gets the socket as `--fd`."""
        self._command = [*command, "--fd", str(listener.fileno())]
        self._listener = listener
        self._timings = timings
        self._on_health = on_health
        self._child: Child | None = None
        self._ready_at: float | None = None  # the loop's clock; None: not ready yet
        self._stop_s = timings.stop_s

    @property
    def pid(self) -> int | None:
        """The process id of the running worker, None if none runs."""
        return self._child.process.pid if self._child else None

    async def run(self) -> End:
        """Start a worker and wait until it is gone; cancelling stops it."""
        self._ready_at, self._stop_s = None, self._timings.stop_s
        try:
            child = self._child = await Child.start(self._command, fd=self._listener.fileno())
        except OSError as error:
            return End(f"the worker cannot be started: {error}", is_final=True)
        try:
            end = await self._end_of(child)
        finally:
            await child.stop(timeout_s=self._stop_s)
            self._child = None
            self._refuse_connections()
        return replace(end, ready_s=self._ready_s(), lacks=child.missing_package())

    def _ready_s(self) -> float:
        return 0.0 if self._ready_at is None else _now() - self._ready_at

    async def _end_of(self, child: Child) -> End:
        dying = asyncio.create_task(child.ended())
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({dying, watching}, return_when=asyncio.FIRST_COMPLETED)
            return watching.result() if watching.done() else End(dying.result())
        finally:
            dying.cancel()
            watching.cancel()
            await asyncio.gather(dying, watching, return_exceptions=True)

    async def _watch(self) -> End:
        """Ask after the worker's health until it is past hope."""
        timings, last_ready_at = self._timings, 0.0
        async with HealthProbe(self._listener.getsockname()[1], timings.health_timeout_s) as probe:
            while True:
                health = await probe.ask()
                self._on_health(health)
                if health.status == "ready":
                    last_ready_at = _now()
                    self._ready_at = self._ready_at or last_ready_at
                elif health.status == "failed":
                    return End(f"the worker cannot load its model: {health.detail}", is_final=True)
                elif self._ready_at is not None and _now() - last_ready_at > timings.hung_s:
                    self._stop_s = 0  # it would not hear a polite word
                    return End(f"the worker hangs: no answer for {timings.hung_s:g} s")
                is_ready = health.status == "ready"
                await asyncio.sleep(timings.ready_poll_s if is_ready else timings.poll_s)

    def _refuse_connections(self) -> None:
        """Let clients fail at once instead of waiting in the queue of a socket nobody serves.

        The next worker listens again. Only Linux can; elsewhere they wait for it. A socket that has
        never been listened on would be spoilt by it.
        """
        if self._listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)


def _now() -> float:
    return asyncio.get_running_loop().time()
