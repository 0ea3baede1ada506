"""The HTTP side: reads each call, keeps it, meets faults, checks the token, answers."""

import json
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.faults import Fault, reset_connection
from tests.slack_server import (
    consent,
    methods_chat,
    methods_conversations,
    methods_files,
    methods_oauth,
    methods_people,
    methods_streams,
    methods_views,
)
from tests.slack_server.arguments import checked
from tests.slack_server.calls import Call, Method, read_arguments
from tests.slack_server.refusals import Refused, missing_scope
from tests.slack_server.responses import answer_url

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

MAX_REQUEST_BYTES = 64 * 2**20
PARTS = (
    methods_chat,
    methods_conversations,
    methods_files,
    methods_oauth,
    methods_people,
    methods_streams,
    methods_views,
)
METHODS: dict[str, Method] = {one.name: one for part in PARTS for one in part.methods.all}
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(server: "SlackServer") -> web.Application:
    """Give the application: the methods under /api/, the sockets at /link/."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app.router.add_get("/link/", server.sockets.serve)
    app.router.add_route("*", "/api/{method}", _answering(server))
    app.router.add_post("/response/{team}/{number}", _answering_url(server))
    app.router.add_get("/files/{file}/{name}", _giving_file(server))
    app.router.add_post("/upload/{file}", partial(methods_files.take, server))
    app.router.add_get("/oauth/v2/authorize", partial(consent.serve, server))
    return app


def _answering(server: "SlackServer") -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        call = _call(server, request, request.match_info["method"])
        try:
            call.given = await read_arguments(request)
            unreadable = None
        except Refused as refused:
            unreadable = refused
        call.sent_token = call.given.pop("token", None) or call.sent_token

        async def served() -> web.Response:
            return _served(server, call, unreadable)

        return await answered(server, request, call, served)

    return answer


async def answered(
    server: "SlackServer",
    request: web.Request,
    call: Call,
    serve: Callable[[], Awaitable[web.Response]],
) -> web.StreamResponse:
    """Keep a call, let it meet its fault, and answer it."""
    server.calls.append(call)
    fault = server.faults.meet(call)
    if fault is not None and not fault.after and (failed := await _fail(server, call, fault)):
        return _gone(request) if fault.resets else failed
    response = await serve()
    server.changed()
    if fault is not None and fault.after and (failed := await _fail(server, call, fault)):
        return _gone(request) if fault.resets else failed
    return response


async def _fail(server: "SlackServer", call: Call, fault: Fault) -> web.Response | None:
    """Give the answer of a fault; None where only its gate held the call back."""
    server.changed()
    if fault.gate is not None:
        await fault.gate.passed()
    if fault.resets:
        call.status, call.answer = None, None
        return web.Response()
    if fault.answer is None:
        return None
    call.status, call.answer = fault.answer.status, fault.answer.body
    return respond(server, fault.answer.status, fault.answer.body, dict(fault.answer.headers))


def _gone(request: web.Request) -> web.Response:
    reset_connection(request)
    return web.Response()  # goes nowhere


def _call(server: "SlackServer", request: web.Request, name: str) -> Call:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return Call(
        name=name,
        given={},
        headers=request.headers.copy(),
        at_s=server.loop_time(),
        sent_token=token if scheme == "Bearer" else "",
    )


def _answering_url(server: "SlackServer") -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        call = _call(server, request, f"{request.method} {request.path}")
        call.given = json.loads(await request.text())

        async def served() -> web.Response:
            try:
                answer_url(server, server.desk.by_url(request.path), call.given)
            except Refused as refused:
                server.refusals.append((call.name, refused.error))
                call.status, call.answer = refused.status, refused.body
                return respond(server, refused.status, refused.body)
            call.status, call.answer = 200, {"ok": True}
            return respond(server, 200, call.answer)

        return await answered(server, request, call, served)

    return answer


def _giving_file(server: "SlackServer") -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        call = _call(server, request, f"{request.method} {request.path}")

        async def served() -> web.Response:
            return methods_files.give(server, call, request.match_info["file"])

        return await answered(server, request, call, served)

    return answer


def _served(server: "SlackServer", call: Call, unreadable: Refused | None) -> web.Response:
    headers: dict[str, str] = {}
    try:
        if unreadable is not None:
            raise unreadable
        call.answer = {"ok": True, **(_handled(server, call) or {})}
        call.status = 200
    except Refused as refused:
        server.refusals.append((call.name, refused.error))
        call.status, call.answer, headers = refused.status, refused.body, dict(refused.headers)
    except Exception as crash:
        server.crashes.append(crash)
        raise
    if call.token is not None:
        headers["x-oauth-scopes"] = ",".join(call.token.scopes)
    return respond(server, call.status, call.answer, headers)


def _handled(server: "SlackServer", call: Call) -> Any:
    method = METHODS.get(call.name)
    if method is None:
        server.unknown_methods.append(call.name)
        raise Refused("unknown_method", {"req_method": call.name})
    if method.token != "":
        call.token = server.tokens.checked(call.sent_token, method.token)
        if method.scope is not None and method.scope not in call.token.scopes:
            raise missing_scope(method.scope, ",".join(call.token.scopes))
    server.limits.take(call)
    call.args = checked(call.given, method.arguments)
    return method.handler(server, call)


def respond(
    server: "SlackServer", status: int, body: Any, headers: dict[str, str] | None = None
) -> web.Response:
    """Answer with JSON, or with text as it stands; with the time it is here."""
    headers = {"Date": format_datetime(server.clock.now(), usegmt=True), **(headers or {})}
    if isinstance(body, str):
        kind = headers.pop("Content-Type", "text/html")
        return web.Response(status=status, text=body, content_type=kind, headers=headers)
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status, text=json.dumps(body), content_type="application/json", headers=headers
    )
