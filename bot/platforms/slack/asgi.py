"""Earshot on Slack as an ASGI application: `uvicorn bot.platforms.slack.asgi:app`, or any other server.

The server takes Slack's requests; the bot runs as long as its lifespan does, with the settings of
the environment and `.env`. It logs as they say, unless whoever runs the server has set up the log.
Several such processes serve one PostgreSQL database.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from bot.config import Settings
from bot.environment import load_settings
from bot.errors import EarshotError, PlatformUnavailable
from bot.heartbeat import beating
from bot.logs import configure_logging
from bot.platforms.slack.keys import TITLE
from bot.platforms.slack.run import SlackBot
from bot.platforms.slack.web import Receive, Scope, Send, SlackWeb
from bot.runtime import opened_model, opened_store
from bot.secrets_shown import secrets_of

logger = logging.getLogger(__name__)

ENDED = b"Earshot on Slack has ended: its log says why. It has to be started again."
UNFORESEEN = "Earshot on Slack could not begin: its log says why."
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
            fault = await self._fault_at_start(stack)
            if fault is None:
                await send({"type": "lifespan.startup.complete"})
                await receive()  # the shutdown
                self._web = None  # from here on the end is as it should be
        if fault is None:
            await send({"type": "lifespan.shutdown.complete"})
        else:  # only once all is closed: some servers end the process at once
            await send({"type": "lifespan.startup.failed", "message": fault})

    async def _fault_at_start(self, stack: AsyncExitStack) -> str | None:
        """Start, and say why that cannot be; None if it could."""
        try:
            await self._start(stack, load_settings())
        except EarshotError as error:
            return str(error)
        except Exception:  # whoever started the server is told
            logger.exception(UNFORESEEN)
            return UNFORESEEN
        return None

    async def _start(self, stack: AsyncExitStack, settings: Settings) -> None:
        _log_as_told(settings)
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
        ears = {TITLE: lambda: self._web is not None}
        await stack.enter_async_context(beating(settings.health_file, ears))
        self._web = bot.connection.web
        serving.add_done_callback(self._ended)

    def _ended(self, serving: asyncio.Task[None]) -> None:
        """Take no more requests: whoever watches the server then starts it anew."""
        if self._web is None:
            return
        self._web, self._has_ended = None, True
        error = None if serving.cancelled() else serving.exception()
        logger.error(
            "Earshot on Slack has ended, and its server with it: %s",
            error or "it was told to",
            exc_info=None if isinstance(error, EarshotError) else error,
        )
        self._stop_server()


def _log_as_told(settings: Settings) -> None:
    root = logging.getLogger()
    if not root.handlers:
        configure_logging(settings.log_level, secrets=secrets_of(settings))
        root.handlers[0].addFilter(_is_not_told_already)


def _is_not_told_already(record: logging.LogRecord) -> bool:
    return not logging.getLogger(record.name).handlers  # as a server's own may be, and passed on


async def _stopped(serving: asyncio.Task[None]) -> None:
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


app = Application()
