"""Slack's app as slack_bolt runs it: whatever comes is handed on before Slack hears that it came.

1. An event is written down first, then acknowledged (`arrivals`), unless so many wait that they are
   fetched later (`crowds`). slack_bolt itself acknowledges before its listeners run, so all is done
   in the middleware that comes before them.
2. A command or an interaction is acknowledged with what its handler gives at once.
3. What comes from a workspace without the app, or without a token that works, is refused, and logged
   once. It counts as arrived: delivering it again would not help. Where there is only no token that
   works, it is fetched once there is one.
4. Where the history or Slack cannot be asked, nothing is acknowledged: Slack delivers it again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.errors import EarshotError, PlatformError, PlatformUnavailable
from bot.platforms.slack.arrivals import PATIENCE_S, Arrivals
from bot.platforms.slack.clients import Clients
from bot.platforms.slack.known_teams import KnownTeams, NotInstalled
from bot.platforms.slack.losses import Losses, Missed
from bot.platforms.slack.origins import Body, Origin, origin
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

# Quiet: what it says at "info", and of requests that are forged, is a line of ours or none.
BOLT_LOGGER = logging.getLogger("slack_bolt.earshot")
BOLT_LOGGER.setLevel(logging.ERROR)

Acknowledgement = dict[str, object] | str | None  # what Slack gets with it

ARRIVED = 200
NOT_NOW = 503
RETRY_HEADER = "x-slack-retry-num"
REMOVALS = frozenset({"app_uninstalled", "tokens_revoked"})
NOT_HERE = (
    "Earshot is not installed in this workspace. Ask whoever manages apps here to install it."
)


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who hears what Slack sends; `body` is the whole of it, as Slack's documents show it.

    `event` returns once the event is written down, or raises; it may be called again for an event
    that it failed with. `command` and `interaction` return at once, with the acknowledgement.
    `installed` and `removed` tell of workspaces. `missed` is told at once, before anything that was
    said later is heard, where something of a workspace, or of all, may be lost up to now, for how
    many seconds more, and since when, if the ends of the histories do not tell.
    """

    event: Callable[[Body, Team], Awaitable[None]]
    command: Callable[[Body, Team], Awaitable[Acknowledgement]]
    interaction: Callable[[Body, Team], Awaitable[Acknowledgement]]
    installed: Callable[[Team], Awaitable[None]]
    removed: Callable[[str], Awaitable[None]]
    missed: Missed = lambda team_id, still_s, since: None


class Intake(AsyncMiddleware):
    """Hands on what comes, its signature checked. `close` waits for the events under way.

    Stands before everything else in slack_bolt, as a middleware of its own kind: the arguments that
    it makes up for a function fail over what they do not expect.
    """

    def __init__(self, handlers: Handlers, teams: KnownTeams) -> None:
        self._handlers = handlers
        self._teams = teams
        self._arrivals = Arrivals()
        self._losses = Losses(handlers.missed)
        self._refused: set[str] = set()

    async def installed(self, team: Team) -> None:
        """Hear that a workspace has just installed the app, perhaps anew."""
        self._served(team.id)
        await self._handlers.installed(team)

    async def close(self) -> None:
        """Let the events under way be written down."""
        await self._arrivals.close()

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse:
        """Take a request; only Slack's test of an address goes on to the rest of slack_bolt."""
        if req.body.get("type") == "url_verification":
            return await next()
        if req.mode == "http":  # of a connection it is known whether it is there
            self._losses.reached()
        return await self.take(req.body, num_retry=_num_retry(req))

    async def take(self, body: Body, *, num_retry: int = 0) -> BoltResponse:
        """Take what Slack sent, over HTTP perhaps again, and give what it is acknowledged with."""
        where = origin(body)
        if where is None:
            return BoltResponse(status=ARRIVED)  # what nobody can place is not delivered again
        if body.get("type") == "app_rate_limited":
            self._losses.flooded(where.team_id, _seconds(body, "minute_rate_limited"))
            return BoltResponse(status=ARRIVED)
        said_at = _seconds(body, "event_time") or 0.0
        self._losses.retried(where.team_id, num_retry, said_at)
        try:
            return await self._taken(body, where, num_retry)
        except PlatformUnavailable as error:
            logger.warning("Slack: something from %s has to wait: %s", where.team_id, error)
        except PlatformError as error:
            return self._refuse(body, where, error)
        except EarshotError as error:
            logger.warning("Slack: something from %s has to wait: %s", where.team_id, error)
        return BoltResponse(status=NOT_NOW)

    async def _taken(self, body: Body, where: Origin, num_retry: int) -> BoltResponse:
        if body.get("type") == "event_callback":
            record = partial(self._record, body, where)
            event_id = str(body.get("event_id") or uuid4())
            is_recorded = await self._arrivals.recorded(event_id, record)
            if is_recorded and not num_retry:
                self._losses.arrived(_seconds(body, "event_time") or 0.0)
            return BoltResponse(status=ARRIVED if is_recorded else NOT_NOW)
        return await self._acknowledged(body, where)

    async def _record(self, body: Body, where: Origin) -> None:
        event = body.get("event")
        kind = event.get("type") if isinstance(event, dict) else None
        if kind in REMOVALS:
            await self._removed(body, where)
            return
        try:
            team = await self._team(where)
        except PlatformUnavailable:
            raise
        except PlatformError as error:
            said_at = _seconds(body, "event_time")
            if said_at is not None and not isinstance(error, NotInstalled):
                self._losses.refused(where.team_id, said_at)
            self._refuse(body, where, error)
            return
        await self._handlers.event(body, team)

    async def _removed(self, body: Body, where: Origin) -> None:
        event = body.get("event")
        tokens = event.get("tokens") if isinstance(event, dict) else None
        if isinstance(tokens, dict) and not tokens.get("bot"):
            return  # somebody's own token: the bot stays
        at = _seconds(body, "event_time") or 0.0
        if await self._teams.removed(where.team_id, where.enterprise_id, at=at):
            self._losses.forget(where.team_id)
            await self._handlers.removed(where.team_id)

    async def _team(self, where: Origin) -> Team:
        team = await self._teams.team(where.team_id, where.enterprise_id)
        self._served(where.team_id)
        return team

    def _served(self, team_id: str) -> None:
        self._refused.discard(team_id)
        self._losses.served(team_id)

    async def _acknowledged(self, body: Body, where: Origin) -> BoltResponse:
        handler = self._handlers.command if "command" in body else self._handlers.interaction
        try:
            async with asyncio.timeout(PATIENCE_S):
                given = await handler(body, await self._team(where))
        except TimeoutError:
            logger.warning("Slack: a command in %s took too long to begin with", where.team_id)
            return BoltResponse(status=NOT_NOW)
        return BoltResponse(status=ARRIVED, body=given or "")

    def _refuse(self, body: Body, where: Origin, error: PlatformError) -> BoltResponse:
        if where.team_id not in self._refused:
            self._refused.add(where.team_id)
            logger.warning("Slack: what comes from %s is refused: %s", where.team_id, error)
        return BoltResponse(status=ARRIVED, body=NOT_HERE if "command" in body else "")


def new_app(intake: Intake, clients: Clients, *, signing_secret: str | None = None) -> AsyncApp:
    """Make the app. Without a signing secret it serves Socket Mode alone."""
    return AsyncApp(
        name="earshot",
        logger=BOLT_LOGGER,
        client=clients.client(),
        signing_secret=signing_secret or "",
        before_authorize=intake,
        authorize=_nothing_left,
    )


def _num_retry(req: AsyncBoltRequest) -> int:
    """Read how often an event was delivered before; over Socket Mode a connection tells of gaps."""
    told = next(iter(req.headers.get(RETRY_HEADER, ())), "")
    return int(told) if req.mode == "http" and told.isdecimal() else 0


def _seconds(body: Body, name: str) -> float | None:
    """Read a time of Slack's, in seconds since 1970; None where none is told."""
    at = body.get(name)
    return float(at) if isinstance(at, int | float) else None


async def _nothing_left() -> AuthorizeResult:
    """Stand where slack_bolt would ask Slack who it is: `take` has done all that is to be done."""
    raise BoltError("nothing is left for a listener")
