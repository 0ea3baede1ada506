"""Keeps other web sites out of the room, and keeps what the page may load to this server.

The room has no login: whoever may speak to the loopback port is the visitor. A page of another site,
opened in the same browser, must not be: it can neither name us (Host, against DNS rebinding), nor
write (Origin), nor frame us. Knows nothing of rooms.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2 * 1024 * 1024  # the longest message, each character escaped, and some more
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "::1")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Guard:
    """ASGI middleware: refuses foreign writes and large bodies, adds the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = _refusal(scope)
        app = self._app if refusal is None else refusal
        await app(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> JSONResponse | None:
    if scope["method"] in _SAFE_METHODS:
        return None
    headers = Headers(scope=scope)
    if not _is_own_page(headers):
        return _refused(403, "Only the room's own page may do this.")
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal():
        return _refused(411, "The request must say how long it is.")
    if int(length) > MAX_BODY_BYTES:
        return _refused(413, "That is too long: a message can have 200,000 characters at most.")
    if int(length) and not headers.get("content-type", "").startswith("application/json"):
        return _refused(415, "The request must be JSON.")
    return None


def _is_own_page(headers: Headers) -> bool:
    """Tell whether a write comes from our page, or from a program, which sends no Origin."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _refused(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status)
