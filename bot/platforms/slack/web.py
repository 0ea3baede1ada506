"""What Slack and browsers reach over HTTP, as an ASGI application: events, installing, health.

Bodies are read here: no more than Slack sends, and not for ever. So are signatures and their age, at
most five minutes, checked: slack_bolt does so only once it has read what stands in a body.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from slack_bolt.adapter.asgi.http_request import AsgiHttpRequest
from slack_bolt.adapter.asgi.http_response import AsgiHttpResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.config import variable
from bot.errors import ConfigError, EarshotError
from bot.listening import listen
from bot.platforms.slack.paths import EVENTS_PATH, HEALTH_PATH, INSTALL_PATH, REDIRECT_PATH

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_000_000  # a form of ours with its state takes some 50 kB, an event less
MAX_STAMP_CHARS = 12  # of seconds since 1970: ten for two centuries yet
BODY_TIMEOUT_S = 10.0
GRACE_S = 3  # for requests under way when the process is told to stop

Scope = dict[str, Any]  # as ASGI has it
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class _Unreadable(Exception):  # noqa: N818 - a state of the request
    """A request is not answered as asked; carries the status to answer with instead."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class SlackWeb:
    """The application. Without a signing secret it takes no events, without OAuth it has no pages."""

    def __init__(
        self, app: AsyncApp, *, signing_secret: str | None, oauth: AsyncOAuthFlow | None = None
    ) -> None:
        self._app = app
        self._signatures = SignatureVerifier(signing_secret) if signing_secret else None
        self._oauth = oauth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no such scope: {scope['type']}")
        try:
            answer = await self._answer(scope, receive)
        except _Unreadable as error:
            answer = BoltResponse(status=error.status)
        except EarshotError as error:
            logger.warning("Slack: a request has to wait: %s", error)
            answer = BoltResponse(status=503, body="Earshot cannot do this now. Try again later.")
        except Exception:  # the top of a request
            logger.exception("Slack: a request failed")
            answer = BoltResponse(status=500, body="Something went wrong. Please try again.")
        response = AsgiHttpResponse(answer.status, answer.headers, answer.body or "")
        await send(response.get_response_start())
        await send(response.get_response_body())

    async def _answer(self, scope: Scope, receive: Receive) -> BoltResponse:
        method, path = scope["method"], scope["path"]
        if method in {"GET", "HEAD"} and path == HEALTH_PATH:
            return BoltResponse(status=200, body="" if method == "HEAD" else "ok")
        if method == "POST" and path == EVENTS_PATH and self._signatures is not None:
            signed = await _signed(scope, receive, self._signatures)
            return await self._app.async_dispatch(signed)
        if method == "GET" and self._oauth is not None:
            request = AsgiHttpRequest(scope, receive)
            if path == INSTALL_PATH:
                return await self._oauth.handle_installation(_without_body(request))
            if path == REDIRECT_PATH:
                return await self._oauth.handle_callback(_without_body(request))
        return BoltResponse(status=404, body="Not Found")


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


async def serve_web(
    web: SlackWeb, *, host: str, port: int, on_open: Callable[[str], None] = lambda _: None
) -> None:
    """Serve until cancelled; `on_open` is told the address, port 0 takes any free one.

    Raises ConfigError if the address cannot be used.
    """
    try:
        listening = listen(host, port)
    except ConfigError as error:
        cause = error.__cause__ or error
        raise ConfigError(
            f"Slack's requests cannot be taken on {host}, port {port}: {cause}. Set "
            f"{variable('slack_host')} and {variable('slack_port')} to an address that is free."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    server = _Server(
        uvicorn.Config(
            web,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    with listening:
        on_open(f"http://{shown}:{listening.getsockname()[1]}")
        serving = asyncio.create_task(server.serve(sockets=[listening]), name="web server")
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)


async def _signed(
    scope: Scope, receive: Receive, signatures: SignatureVerifier
) -> AsyncBoltRequest:
    """Read a request of Slack's; of what anybody else sends, nothing is looked into."""
    headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
    stamp = headers.get("x-slack-request-timestamp", b"")
    if not stamp.isdigit() or len(stamp) > MAX_STAMP_CHARS:
        raise _Unreadable(401)
    body = await _body(receive)
    signature = headers.get("x-slack-signature", b"").decode("ascii", "replace")
    if not signature.isascii() or not signatures.is_valid(body, stamp.decode(), signature):
        raise _Unreadable(401)
    request = AsgiHttpRequest(scope, receive)
    try:
        return AsyncBoltRequest(
            body=body.decode(), query=request.query_string, headers=request.get_headers()
        )
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        logger.warning("Slack: what it signed cannot be read: %s", type(error).__name__)
        raise _Unreadable(400) from None


async def _body(receive: Receive) -> bytes:
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                read += message.get("body", b"")
                if len(read) > MAX_BODY_BYTES:
                    raise _Unreadable(413)
                if message["type"] != "http.request" or not message.get("more_body", False):
                    break
        bytes(read).decode()
    except TimeoutError:
        raise _Unreadable(408) from None
    except UnicodeDecodeError:
        raise _Unreadable(400) from None
    return bytes(read)


def _without_body(request: AsgiHttpRequest) -> AsyncBoltRequest:
    return AsyncBoltRequest(body="", query=request.query_string, headers=request.get_headers())
