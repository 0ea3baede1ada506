"""One HTTP request as the handlers see it, and the table of routes; knows no handler."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from tests.discord_server.errors import bad_json
from tests.discord_server.world import Json

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer


@dataclass(frozen=True)
class Upload:
    """A file of a form; `place` is the n of files[n]."""

    place: str
    filename: str
    content: bytes = field(repr=False)


@dataclass(eq=False)
class Call:
    """`path` is without the /api/v10; `ids` are the parts of it that the route names.

    `status` is what it was answered with, None while it is open or if the connection was reset.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    at_s: float
    body: Any = None
    files: list[Upload] = field(default_factory=list)
    ids: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    answer: Any = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def fields(self) -> Json:
        """Give the body, which a check has found to be an object."""
        assert isinstance(self.body, dict)
        return self.body


async def read_body(request: web.Request) -> tuple[Any, list[Upload]]:
    """Read a JSON body or a form of payload_json and files[n]; raise `Refused` if it is neither."""
    if not request.can_read_body:
        return None, []
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    if request.content_type != "application/json":
        raise bad_json()
    return _parsed(await request.text()), []


async def _read_form(request: web.Request) -> tuple[Any, list[Upload]]:
    body, files = None, []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name = part.name or ""
        if name == "payload_json":
            body = _parsed(await part.text())
        elif found := re.fullmatch(r"files\[(\d+)\]", name):
            content = bytes(await part.read(decode=False))
            files.append(Upload(found[1], part.filename or "", content))
        else:
            raise bad_json()
    return body, files


def _parsed(words: str) -> Any:
    try:
        return json.loads(words)
    except ValueError as error:
        raise bad_json() from error


Handler = Callable[["DiscordServer", Call], Any]


@dataclass(frozen=True)
class Route:
    """`open` routes need no Authorization: their path holds a token."""

    method: str
    path: str
    handler: Handler
    open: bool


class Routes:
    """Collects handlers. One gives the JSON of its answer, None for 204, or raises `Refused`."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def on(
        self, method: str, path: str, *, open_to_all: bool = False
    ) -> Callable[[Handler], Handler]:
        """Serve a method and a path, such as GET /channels/{channel}."""

        def add(handler: Handler) -> Handler:
            self.all.append(Route(method, path, handler, open_to_all))
            return handler

        return add
