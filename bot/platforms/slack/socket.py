"""One connection over Socket Mode after the other, by slack_sdk's client; ends when it needs a new one.

slack_sdk connects again after a drop, a stale ping and each `disconnect`. What it does not survive:
a connection that fails once with a fresh address, which it then tries for ever though an address is
good for one try (https://github.com/slackapi/python-slack-sdk/blob/v3.47.0/slack_sdk/socket_mode/aiohttp/__init__.py#L343).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.errors import EarshotError
from bot.platforms.slack.clients import Busy, Clients, Refused, asked
from bot.platforms.slack.outage import Crowded, Ended, Outage, SwitchedOff

logger = logging.getLogger(__name__)

# Says what it does at "info", and each failure with a traceback: `Quiet` keeps that back.
SDK_LOGGER = logging.getLogger("slack_sdk.earshot.socket")
SDK_LOGGER.setLevel(logging.ERROR)

MAX_BUSY_S = 120.0  # Slack says 30 to 60; a server that says an hour is asked earlier


@dataclass(frozen=True, slots=True)
class Pace:
    """How long what may take. All in seconds."""

    look_s: float = 0.5  # between two looks at the connection
    told_s: float = 2.0  # without a connection: that is an outage, and no change of addresses
    spent_s: float = 5.0  # without a connection: its address is spent
    dead_s: float = 60.0  # without a connection: a new client
    again_s: float = 10.0  # at most, between two tries of our own
    ping_s: float = 10.0  # between two pings; unanswered for four, slack_sdk connects anew


class SocketClient(SocketModeClient):
    """slack_sdk's client, which says what happens to it."""

    def __init__(
        self,
        app_token: str,
        clients: Clients,
        *,
        connected: Callable[[], None],
        ping_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(
            app_token, logger=SDK_LOGGER, web_client=clients.client(), ping_interval=ping_s
        )
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.has_to_wait = False  # Slack says so
        self._connected = connected
        self._sleep = sleep

    def end(self, error: Exception) -> None:
        """Note why there has to be another client; the first reason stands."""
        if not self.ended.done():
            self.ended.set_exception(error)

    async def issue_new_wss_url(self) -> str:
        """Ask for an address, which is good for one connection. Raises Refused, PlatformUnavailable."""
        while True:
            question = self.web_client.apps_connections_open(app_token=self.app_token)
            try:
                answer = await asked(question, doing="a connection over Socket Mode")
            except Busy as error:
                wait_s = min(error.retry_after_s, MAX_BUSY_S)
                logger.warning("Slack gives no more connections for now: waiting %.0f s", wait_s)
                await self._wait(wait_s)
            except Refused as error:
                self.end(error)
                raise
            else:
                return str(answer["url"])

    async def _wait(self, wait_s: float) -> None:
        self.has_to_wait = True
        try:
            await self._sleep(wait_s)
        finally:
            self.has_to_wait = False

    async def run_message_listeners(self, message: dict[str, object], raw_message: str) -> None:
        """Hear what Slack says of the connection itself, then go on as slack_sdk does."""
        kind, reason = message.get("type"), message.get("reason")
        if kind == "hello":
            self._connected()
        if kind == "disconnect" and reason == "link_disabled":
            self.end(SwitchedOff())
        elif kind == "disconnect" and reason == "too_many_websockets":
            self.end(Crowded())
        else:
            await super().run_message_listeners(message, raw_message)

    def has_lost_a_task(self) -> bool:
        """Tell whether one of the tasks has ended that keep the client going."""
        tasks = (self.message_processor, self.message_receiver, self.current_session_monitor)
        return any(task is not None and task.done() for task in tasks)


async def serve_client(client: SocketClient, app: AsyncApp, outage: Outage, pace: Pace) -> None:
    """Connect, and look after the connection. Raises Ended or Refused when the client is of no more use."""

    async def handle(by: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        loop = asyncio.get_running_loop()
        answer = await run_async_bolt_app(app, request)
        try:
            await send_async_response(by, request, answer, loop.time())
        except (OSError, aiohttp.ClientError, RuntimeError) as error:
            logger.info("Slack: no acknowledgement, the connection is gone: %s", error)

    client.socket_mode_request_listeners.append(handle)
    connecting = asyncio.ensure_future(client.connect())  # type: ignore[no-untyped-call]
    try:
        await _look_after(client, outage, pace)
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


async def close_client(client: SocketClient) -> None:
    """Close the client and whatever it holds, even where closing fails."""
    tasks = [client.message_processor, client.message_receiver, client.current_session_monitor]
    try:
        async with asyncio.timeout(5.0):
            await client.close()  # type: ignore[no-untyped-call]
    except (TimeoutError, OSError, aiohttp.ClientError, RuntimeError) as error:
        logger.debug("Slack: closing a connection: %r", error)
    finally:
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await client.aiohttp_client_session.close()
        await asyncio.gather(*running, return_exceptions=True)
        if client.ended.done():
            client.ended.exception()  # retrieved: asyncio must not complain of it


async def _look_after(client: SocketClient, outage: Outage, pace: Pace) -> None:
    loop = asyncio.get_running_loop()
    last_seen = asked_at = loop.time()
    address, num_failed = client.wss_uri, outage.num_failed
    async with _Renewal(client, outage, pace) as renewal:
        while True:
            await asyncio.wait({client.ended}, timeout=pace.look_s)
            if client.ended.done():
                client.ended.result()
            now = loop.time()
            if await client.is_connected():
                last_seen = now
                renewal.was_good()
                if client.has_lost_a_task():
                    raise Ended("a task of slack_sdk's client ended")
                continue
            if client.has_to_wait:  # a new client would only ask too early
                last_seen = now
                continue
            outage.raise_if_failed(since=num_failed)
            if now - last_seen > pace.told_s:
                outage.lost()
            if now - last_seen > pace.dead_s:
                raise Ended(f"no connection for {now - last_seen:.0f} s")
            if client.wss_uri != address:
                address, asked_at = client.wss_uri, now
            elif address is not None and now - asked_at > pace.spent_s:
                client.wss_uri = None  # its next try asks for a new one
            renewal.begin()


class _Renewal:
    """Connects anew as soon as a drop is seen: slack_sdk itself looks only once a ping."""

    def __init__(self, client: SocketClient, outage: Outage, pace: Pace) -> None:
        self._client = client
        self._outage = outage
        self._pace = pace
        self._wait_s = pace.look_s
        self._not_before = 0.0  # of the event loop's clock
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def was_good(self) -> None:
        """Note that there is a connection: the waits begin anew."""
        self._wait_s = self._pace.look_s

    def begin(self) -> None:
        """Connect, unless somebody is about to, or the last try was just now."""
        session = self._client.current_session
        if session is None or not session.closed:
            return
        is_early = asyncio.get_running_loop().time() < self._not_before
        if not is_early and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(), name="connect anew")

    async def _run(self) -> None:
        try:
            await self._client.connect_to_new_endpoint()
        except EarshotError as error:
            self._outage.cause = str(error)
            logger.debug("Slack: %s", error)
        self._not_before = asyncio.get_running_loop().time() + self._wait_s
        self._wait_s = min(2 * self._wait_s, self._pace.again_s)
