"""One call as the handlers see it, and the table of methods; knows no handler."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.slack_server.arguments import Argument, spelled
from tests.slack_server.refusals import Refused, missing_scope
from tests.slack_server.tokens import BOT, Token
from tests.slack_server.world import Channel, Json, Team, User

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer


@dataclass(eq=False)
class Call:
    """`given` is what was sent, `args` what it means once it is checked.

    `name` is the method, such as chat.postMessage; of what is no method, "POST /its/path".
    `status` and `answer` are what it was answered with, None while it is open or was reset.
    """

    name: str
    given: Json
    headers: Mapping[str, str] = field(repr=False)
    at_s: float
    sent_token: str = field(repr=False, default="")
    args: Json = field(default_factory=dict)
    token: Token | None = field(repr=False, default=None)
    status: int | None = None
    answer: Any = None

    @property
    def error(self) -> str | None:
        return self.answer.get("error") if isinstance(self.answer, dict) else None

    @property
    def team(self) -> Team:
        assert self.token is not None
        assert self.token.team is not None
        return self.token.team

    @property
    def bot(self) -> User:
        return self.team.bot

    def need(self, scope: str) -> None:
        """Raise `Refused` unless the token may do this."""
        assert self.token is not None
        if scope not in self.token.scopes:
            raise missing_scope(scope, ",".join(self.token.scopes))


Handler = Callable[["SlackServer", Call], Json | None]


@dataclass(frozen=True)
class Method:
    """`token` is the kind that it takes, None if it takes any, "" if it takes none."""

    name: str
    handler: Handler
    arguments: Mapping[str, Argument]
    scope: str | None
    token: str | None


class Methods:
    """Collects handlers. One gives what stands beside ok: true, or raises `Refused`."""

    def __init__(self) -> None:
        self.all: list[Method] = []

    def on(
        self, name: str, arguments: str = "", *, scope: str | None = None, token: str | None = BOT
    ) -> Callable[[Handler], Handler]:
        """Serve a method; see `arguments.spelled` for how its arguments are written."""

        def add(handler: Handler) -> Handler:
            self.all.append(Method(name, handler, spelled(arguments), scope, token))
            return handler

        return add


async def read_arguments(request: web.Request) -> Json:
    """Read what was sent: a query, a form or JSON; raise `Refused` if it is none of them."""
    given: Json = dict(request.query)
    if request.method != "POST" or not request.can_read_body:
        return given
    if request.content_type == "application/json":
        given |= _object(await request.text())
    elif request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        given |= dict(await request.post())
    else:
        raise Refused("invalid_form_data")
    return given


def _object(words: str) -> Json:
    try:
        read = json.loads(words)
    except ValueError as error:
        raise Refused("invalid_json") from error
    if not isinstance(read, dict):
        raise Refused("json_not_object")
    return read


def channel_of(server: "SlackServer", call: Call, name: str = "channel") -> Channel:
    """Give the channel that a call names, if the bot may know of it."""
    channel = server.world.channels.get(call.args.get(name, ""))
    if channel is None or not knows(call, channel):
        raise Refused("channel_not_found")
    return channel


def knows(call: Call, channel: Channel) -> bool:
    """Say whether the bot of a workspace may know of a channel."""
    is_here = call.team.id in (channel.team_id, *channel.shared_with)
    return call.bot.id in channel.members or (is_here and channel.kind == "public_channel")
