"""The HTTP side: reads each request, keeps it, checks the token, meets faults, answers."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.discord_server import (
    rest_application,
    rest_guilds,
    rest_interactions,
    rest_messages,
    rest_reactions,
)
from tests.discord_server.calls import Call, Route, read_body
from tests.discord_server.errors import Refused, no_such_route, too_large, unauthorized
from tests.discord_server.faults import Fault, Planned
from tests.faults import reset_connection

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

BASE = "/api/v10"
MAX_REQUEST_BYTES = 64 * 2**20  # more than any file: the limit on files is checked by us
PARTS = (rest_application, rest_guilds, rest_messages, rest_reactions, rest_interactions)
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(server: "DiscordServer") -> web.Application:
    """Give the application with the gateway at / and every route under /api/v10."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app.router.add_get("/", server.gateway.serve)
    app.router.add_get("/attachments/{file}/{name}", _serving_files(server))
    for part in PARTS:
        for route in part.routes.all:
            app.router.add_route(route.method, BASE + route.path, _answering(server, route))
    unknown = Route("*", "/{path:.*}", _no_such_route, open=True)
    app.router.add_route("*", unknown.path, _answering(server, unknown))
    return app


def _serving_files(server: "DiscordServer") -> Answering:
    async def serve(request: web.Request) -> web.Response:
        server.requests.append(_call(server, request))
        file = server.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=file.content_type)

    return serve


def _no_such_route(server: "DiscordServer", call: Call) -> None:
    server.unknown_routes.append(f"{call.method} {call.path}")
    raise no_such_route()


def _answering(server: "DiscordServer", route: Route) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        call = _call(server, request)
        unreadable = await _read(call, request)
        server.requests.append(call)
        fault = server.faults.meet(call)
        if fault is not None and not fault.after:
            await _wait(server, fault)
            if fault.gate is None:
                return _failed(request, call, fault)
        response = _served(server, route, call, unreadable)
        server.changed()
        if fault is not None and fault.after:
            await _wait(server, fault)
            if fault.gate is None:
                return _failed(request, call, fault)
        return response

    return answer


async def _wait(server: "DiscordServer", fault: Fault) -> None:
    server.changed()
    if fault.gate is not None:
        await fault.gate.passed()


def _call(server: "DiscordServer", request: web.Request) -> Call:
    return Call(
        method=request.method,
        path=request.path.removeprefix(BASE),
        query=dict(request.query),
        headers=request.headers.copy(),
        at_s=server.loop_time(),
        ids=dict(request.match_info),
    )


async def _read(call: Call, request: web.Request) -> Refused | None:
    """Read the body before anything can go wrong, so that it is kept in any case."""
    try:
        call.body, call.files = await read_body(request)
    except Refused as refused:
        return refused
    return None


def _served(
    server: "DiscordServer", route: Route, call: Call, unreadable: Refused | None
) -> web.Response:
    taken = server.limits.take(f"{route.method} {route.path}", call.ids, call.at_s)
    if taken.retry_after_s is not None:
        call.status = 429
        return _response(call.status, taken.body, taken.headers)
    try:
        if unreadable is not None:
            raise unreadable
        if not route.open and call.headers.get("Authorization") != f"Bot {server.token}":
            raise unauthorized()
        if any(len(one.content) > server.max_file_bytes for one in call.files):
            raise too_large()
        call.answer = route.handler(server, call)
    except Refused as refused:
        server.refusals.append(refused)
        call.status, call.answer = refused.status, refused.body
    except Exception as crash:
        server.crashes.append(crash)
        raise
    else:
        call.status = 204 if call.answer is None else 200
    return _response(call.status, call.answer, taken.headers)


def _failed(request: web.Request, call: Call, fault: Fault) -> web.Response:
    if fault.resets:
        reset_connection(request)
        return web.Response()  # goes nowhere
    assert isinstance(fault.answer, Planned)
    call.status = fault.answer.status
    return _response(fault.answer.status, fault.answer.body, dict(fault.answer.headers))


def _response(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    """Answer with the exact content type that clients compare with: no charset in it."""
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html", headers=headers)
    if body is None:
        return web.Response(status=status, headers=headers)
    words = json.dumps(body).encode()
    return web.Response(status=status, body=words, content_type="application/json", headers=headers)
