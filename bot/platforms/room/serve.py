"""Serves the room's application until the process is told to stop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from fastapi import FastAPI

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE_S = 2  # open pages hold a stream that ends only with the server


async def serve(app: FastAPI, *, host: str, port: int, on_open: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then return. `on_open` is told the address once it answers."""
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE_S
    )
    await _Server(config, on_open).serve()


class _Server(uvicorn.Server):
    """A server whose end is not the process's: the history and the worker close after it.

    uvicorn's own raises the signal again once it has stopped, which would end the process there.
    """

    def __init__(self, config: uvicorn.Config, on_open: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_open = on_open

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.force_exit = self.should_exit  # a second Ctrl-C does not wait for open pages
        self.should_exit = True

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_open(f"http://{host}:{port}")
