"""Earshot on Slack as an ASGI application: `uvicorn bot.platforms.slack.asgi:app`, or any other server.

The server takes Slack's requests; the bot runs as long as its lifespan does, with the settings of
the environment and `.env`. Several such processes serve one PostgreSQL database.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from bot.config import Settings
from bot.environment import load_settings
from bot.errors import PlatformUnavailable
from bot.heartbeat import beating
from bot.platforms.slack.keys import TITLE
from bot.platforms.slack.run import SlackBot
from bot.platforms.slack.web import Receive, Scope, Send, SlackWeb
from bot.runtime import opened_model, opened_store

logger = logging.getLogger(__name__)

ENDED = b"Earshot on Slack has ended: its log says why. It has to be started again."
START_TIMEOUT_S = 60.0  # for Slack to say who the bot is, and for what a stop left behind


def _stop_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


class Application:
    """The bot and its web, from the start of a lifespan to its end.

    A bot that ends before its server does ends the server, by the signal that stops one; meanwhile
    every request is told so, that of health too.
    """

    def __init__(self, stop_server: Callable[[], None] = _stop_process) -> None:
        self._stop_server = stop_server
        self._web: SlackWeb | None = None
        self._has_ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._has_ended:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": ENDED})
        elif self._web is None:
            raise RuntimeError("the server runs no lifespan: switch it on (uvicorn: --lifespan on)")
        else:
            await self._web(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # the startup
        async with AsyncExitStack() as stack:
            try:
                await self._start(stack, load_settings())
            except Exception as error:  # noqa: BLE001 - the server is told, and says it
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()  # the shutdown
            self._web = None  # from here on the end is as it should be
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self, stack: AsyncExitStack, settings: Settings) -> None:
        store = await stack.enter_async_context(opened_store(settings))
        served = await stack.enter_async_context(opened_model(settings))
        bot = SlackBot(settings, store, served, lambda line: logger.info("%s", line))
        serving = asyncio.create_task(bot.serve(own_server=False), name="slack")
        stack.push_async_callback(_stopped, serving)
        opening = asyncio.create_task(bot.connection.opened.wait(), name="opening")
        await asyncio.wait(
            {serving, opening}, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        opening.cancel()
        if serving.done():
            serving.result()
        if bot.connection.web is None:
            raise PlatformUnavailable(f"Slack could not be reached within {START_TIMEOUT_S:.0f} s")
        serving.add_done_callback(self._ended)
        self._web = bot.connection.web
        ears = {TITLE: lambda: self._web is not None}
        await stack.enter_async_context(beating(settings.health_file, ears))

    def _ended(self, serving: asyncio.Task[None]) -> None:
        """Take no more requests: whoever watches the server then starts it anew."""
        if self._web is None:
            return
        self._web, self._has_ended = None, True
        error = None if serving.cancelled() else serving.exception()
        logger.error(
            "Earshot on Slack has ended, and its server with it: %s", error or "it was told to"
        )
        self._stop_server()


async def _stopped(serving: asyncio.Task[None]) -> None:
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


app = Application()
