"""The room as a web application: the page, its JSON routes, and one stream of events.

Every error is answered as `{"error": sentence}`, a sentence the page shows as it is.
"""

import logging
from collections.abc import Collection
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bot.errors import EarshotError
from bot.platforms.room import message_routes, room_routes, stream
from bot.platforms.room.guard import LOCAL_HOSTS, Guard
from bot.platforms.room.room import Room

logger = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
NOT_DONE = "That did not work: the history cannot be used right now. The terminal says why."


def room_app(room: Room, *, hosts: Collection[str] = ()) -> FastAPI:
    """Build the room's application.

    It answers requests to this machine's own names, and to `hosts` where it is reached by others.
    """
    app = FastAPI(title="Earshot room", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.room = room
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(EarshotError)(_failed)
    for routes in (room_routes.router, message_routes.router, stream.router):
        app.include_router(routes)
    app.add_api_route("/", _page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_HOSTS, *hosts])
    app.add_middleware(Guard)
    return app


async def _page() -> FileResponse:
    return FileResponse(STATIC / "index.html")


async def _refused(request: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    if first["type"] == "value_error":
        sentence = str(first["ctx"]["error"])
    else:
        sentence = f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"
    return JSONResponse({"error": sentence}, status_code=422)


async def _failed(request: Request, error: EarshotError) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": NOT_DONE}, status_code=503)
