"""Serves the room on one port until the process is told to stop.

Open pages hold a stream that never ends by itself; it is ended first, so that stopping takes no time.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from bot.listening import listen
from bot.platforms.room.room import Room
from bot.stopping import SIGNALS

GRACE_S = 3  # for requests under way when the process is told to stop


class RoomServer(uvicorn.Server):
    """Uvicorn that ends the pages' streams when it stops, and lets its caller clean up after it."""

    def __init__(self, app: FastAPI, *, on_start: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)
        room: Room = app.state.room
        self._events = room.platform.events
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so once requests are answered."""
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop."""
        self._events.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as the wish to stop, without raising them again afterwards.

        Uvicorn raises them again, and a SIGTERM would then end the process before its worker and
        its history are closed.
        """
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)


async def serve(app: FastAPI, *, host: str, port: int, on_open: Callable[[str], None]) -> None:
    """Serve the room until SIGINT or SIGTERM; `on_open` is told its address, port 0 takes any.

    Raises ConfigError if the address cannot be used.
    """
    listening = listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    with listening:
        await RoomServer(app, on_start=lambda: on_open(address)).serve(sockets=[listening])
