"""Serves an app of Slack's: over Socket Mode, over HTTP, or both, as the settings have it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.config import Settings, variable
from bot.errors import ConfigError, PlatformUnavailable
from bot.platforms.insist import insisted
from bot.platforms.slack.app import Handlers, Intake, new_app
from bot.platforms.slack.clients import Clients, Refused, asked
from bot.platforms.slack.connecting import OnGap, SocketMode
from bot.platforms.slack.credentials import BOT_TOKEN_PLACE, Credentials, credentials
from bot.platforms.slack.installations import Installations
from bot.platforms.slack.installing import Installed, new_installations, oauth_flow
from bot.platforms.slack.known_teams import REMOVED, KnownTeams, ManyTeams
from bot.platforms.slack.one_team import OneTeam
from bot.platforms.slack.paths import INSTALL_PATH
from bot.platforms.slack.socket import Pace
from bot.platforms.slack.token_owners import TokenOwners
from bot.platforms.slack.web import SlackWeb, serve_web
from bot.runtime import utc_now
from bot.store import Store

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
MAX_WAIT_S = 60.0
REMOVED_AWAY = (
    " The workspace {} removed the app, or its token was revoked: its data is deleted {:g} days "
    "after that was first seen, when Earshot runs, unless a token of it works before."
)

Say = Callable[[str], None]
SawDate = Callable[[str | None], None]


@dataclass(slots=True)
class Connection:
    """What connects Earshot with Slack. Made outside of any loop; `close` ends what it opened.

    `teams` may be asked as soon as `serve` runs; once `opened` is set, `web` is there. `saw_date` is
    told the date of each answer, `clock` gives aware UTC times by it.
    Raises ConfigError where credentials are missing.
    """

    settings: Settings
    store: Store
    saw_date: SawDate = lambda _: None
    clock: Callable[[], datetime] = utc_now
    say: Say = lambda _: None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pace: Pace = field(default_factory=Pace)
    opened: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    credentials: Credentials = field(init=False)
    clients: Clients = field(init=False)
    _name: str | None = field(init=False, default=None)  # of the workspace, until it is said
    _teams: KnownTeams | None = field(init=False, default=None)
    _installations: Installations | None = field(init=False, default=None)
    _intake: Intake | None = field(init=False, default=None)
    _web: SlackWeb | None = field(init=False, default=None)
    _socket: SocketMode | None = field(init=False, default=None)
    _takes_requests: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Read the credentials."""
        self.credentials = credentials(self.settings)
        self.clients = Clients(self.settings.slack_api_base, saw_date=self.saw_date)

    @property
    def teams(self) -> KnownTeams:
        """The workspaces; to be asked for inside the loop."""
        if self._teams is None:
            self._teams = self._new_teams()
        return self._teams

    @property
    def web(self) -> SlackWeb | None:
        """The ASGI application, once `serve` has made it."""
        return self._web

    def hears(self) -> bool:
        """Tell whether Slack's events can come now: over a connection, or as requests."""
        if self.credentials.app_token is not None:
            return self._socket is not None and self._socket.is_connected
        return self._takes_requests

    async def serve(
        self,
        handlers: Handlers,
        *,
        on_gap: OnGap,
        ready: Callable[[], Awaitable[None]],
        own_server: bool = True,
    ) -> None:
        """Serve until cancelled. Raises ConfigError for what a person has to mend.

        `ready` is awaited once Slack has answered, and its token is good, before anything comes.
        `on_gap` is awaited after each connection; over HTTP, where Slack tells of none, after the
        start alone. The handler `missed` was told of it before anything could come.
        Without `own_server`, somebody else serves `web`.
        """
        await self._introduced(handlers.removed)
        await ready()
        self._intake = Intake(handlers, self.teams)
        app = new_app(self._intake, self.clients, signing_secret=self.credentials.signing_secret)
        self._web = self._new_web(app, self._intake.installed)
        began = partial(handlers.missed, None, 0.0, None)
        began()
        self.opened.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                if self.credentials.needs_server and own_server:
                    tasks.create_task(self._serve_web(self._web), name="web")
                tasks.create_task(self._serve_events(app, on_gap, began), name="events")
                await asyncio.Event().wait()
        except* Exception as errors:  # noqa: BLE001 - a group of one, which is no news to anybody
            raise errors.exceptions[0] from None

    async def drained(self) -> None:
        """Let what is being written down be written, but not for ever."""
        if self._intake is not None:
            await self._intake.close()
        if self._installations is not None:
            await self._installations.close()

    async def close(self) -> None:
        """Let what is being written down be written, then close every connection."""
        await self.drained()
        await self.clients.close()

    async def _serve_events(self, app: AsyncApp, on_gap: OnGap, began: Callable[[], None]) -> None:
        """Open the connections of Socket Mode; over HTTP, events come to the web."""

        async def connected() -> None:
            self._say_where()
            await on_gap()

        token = self.credentials.app_token
        if token is None:
            await _once(connected)
        else:
            self._socket = SocketMode(
                app, token, self.clients, connected, began, pace=self.pace, sleep=self.sleep
            )
            await self._socket.serve()

    def _new_teams(self) -> KnownTeams:
        if self.credentials.provider is None:
            return OneTeam(self._bot_token, self.clients)
        self._installations = new_installations(
            self.store,
            self.credentials.provider,
            self.clients,
            clock=lambda: self.clock().timestamp(),
        )
        return ManyTeams(self._installations, self.clients)

    def _new_web(self, app: AsyncApp, installed: Installed) -> SlackWeb:
        provider, teams, oauth = self.credentials.provider, self.teams, None
        if provider is not None and isinstance(teams, ManyTeams) and self._installations:
            oauth = oauth_flow(
                self.settings,
                provider,
                store=self.store,
                clients=self.clients,
                installations=self._installations,
                teams=teams,
                installed=installed,
            )
        return SlackWeb(app, signing_secret=self.credentials.signing_secret, oauth=oauth)

    def _say_where(self) -> None:
        """Tell the person at the terminal, once, that it works."""
        if self._name is not None:
            self.say(f"Connected to Slack, to the workspace {self._name}.")
            self._name = None

    async def _serve_web(self, web: SlackWeb) -> None:
        def say_where(address: str) -> None:
            self._takes_requests = True
            public = self.settings.slack_public_url or address
            self.say(f"Slack's requests are taken at {address}.")
            if self.credentials.provider is not None:
                self.say(f"Workspaces install the app at {public}{INSTALL_PATH}.")

        await serve_web(
            web, host=self.settings.slack_host, port=self.settings.slack_port, on_open=say_where
        )

    async def _introduced(self, removed: Callable[[str], Awaitable[None]]) -> None:
        """Wait until Slack answers: its time is known then, and who the bot is, if it is only one."""
        teams, wait_s = self.teams, FIRST_WAIT_S
        while True:
            try:
                if isinstance(teams, OneTeam):
                    await self._know(teams, removed)
                else:
                    await self._look()
            except PlatformUnavailable as error:
                logger.warning(
                    "Slack cannot be reached at %s: %s; trying again in %.0f s",
                    self.clients.shown,
                    error,
                    wait_s,
                )
            else:
                return
            await self.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)

    async def _know(self, teams: OneTeam, removed: Callable[[str], Awaitable[None]]) -> None:
        """Ask whose token it is. Raises ConfigError for one that is not good, PlatformUnavailable."""
        try:
            team = await teams.only()
        except Refused as error:
            raise ConfigError(
                f"Slack refused the bot token of {variable('slack_bot_token')} "
                f"({error.code}): {BOT_TOKEN_PLACE}.{await self._noted(error, removed)}"
            ) from error
        self._name = team.name
        note = partial(TokenOwners(self.store).belongs, self._bot_token, team.id)
        await insisted(note, "whose token it has", sleep=self.sleep)

    async def _look(self) -> None:
        """Ask for nothing but an answer, which carries the time. Raises PlatformUnavailable."""
        with suppress(Refused):  # that is an answer, too
            await asked(self.clients.client().api_test(), doing="whether it answers")

    async def _noted(self, refusal: Refused, removed: Callable[[str], Awaitable[None]]) -> str:
        """Note that the workspace removed the app, if that is why its token is refused."""
        if refusal.code not in REMOVED:
            return ""
        ask = partial(TokenOwners(self.store).owner, self._bot_token)
        team_id = await insisted(ask, "whose token it was", sleep=self.sleep)
        if team_id is None:
            return ""
        await removed(team_id)
        return REMOVED_AWAY.format(team_id, self.settings.left_after_days)

    @property
    def _bot_token(self) -> str:
        return self.credentials.bot_token or ""


async def _once(on_gap: OnGap) -> None:
    try:
        await on_gap()
    except Exception:  # the top of a task
        logger.exception("Slack: what was missed could not be fetched")
