"""Lets workspaces install the app: Slack's OAuth pages, by slack_bolt, over our database."""

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from slack_bolt.oauth.async_callback_options import (
    AsyncCallbackOptions,
    AsyncFailureArgs,
    AsyncSuccessArgs,
)
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.state_store.sqlalchemy import AsyncSQLAlchemyOAuthStateStore

from bot.config import Settings
from bot.errors import EarshotError, PlatformUnavailable
from bot.platforms.slack.app import BOLT_LOGGER
from bot.platforms.slack.clients import API_BASE, Clients, Refused
from bot.platforms.slack.credentials import Provider
from bot.platforms.slack.installations import Installations
from bot.platforms.slack.known_teams import ManyTeams
from bot.platforms.slack.paths import INSTALL_PATH, REDIRECT_PATH
from bot.platforms.slack.scopes import BOT_SCOPES
from bot.platforms.slack.teams import Team
from bot.store import Store

logger = logging.getLogger(__name__)

STATE_S = 600  # how long somebody may take to say yes
UNREACHABLE = "Slack cannot be reached now"
UNFINISHED = "Slack: an installation was not finished: %s"

Installed = Callable[[Team], Awaitable[None]]


class States(AsyncOAuthStateStore):
    """Who is on the way to install the app; each state is good for one return from Slack."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._clock = clock  # of this machine, as slack_sdk reads it
        self._kept = AsyncSQLAlchemyOAuthStateStore(STATE_S, store.engine, logger=BOLT_LOGGER)

    async def async_issue(self, *_: object, **__: object) -> str:
        """Make a state, and forget those that ended: anybody may open the page. Raises StoreError."""
        await self._store.slack_states.purge(self._clock())
        return await self._store.carry_through(self._kept.async_issue())

    async def async_consume(self, state: str) -> bool:
        """Tell whether a state was given and not used; from now on it is. Raises StoreError."""
        return await self._store.carry_through(self._kept.async_consume(state))


class _Flow(AsyncOAuthFlow):
    """Slack's pages. Its client raises what Slack said: slack_bolt takes each failure for a wrong code."""

    async def handle_callback(self, request: AsyncBoltRequest) -> BoltResponse:
        """Answer whoever comes back from Slack, also where Slack then fails. Raises StoreError."""
        try:
            return await super().handle_callback(request)
        except PlatformUnavailable as error:
            logger.warning(UNFINISHED, error)
            return self._unreachable()
        except Refused as error:
            return await self.failure_handler(
                AsyncFailureArgs(
                    request=request,
                    reason=error.code,
                    suggested_status_code=401,
                    settings=self.settings,
                    default=self.default_callback_options,
                )
            )

    def _unreachable(self) -> BoltResponse:
        """Give a page with the way to begin anew: what they came back with is spent."""
        return BoltResponse(
            status=503,
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Set-Cookie": self.settings.state_utils.build_set_cookie_for_deletion(),
            },
            body=self.settings.redirect_uri_page_renderer.render_failure_page(UNREACHABLE),
        )


def new_installations(
    store: Store, provider: Provider, clients: Clients, *, clock: Callable[[], float] = time.time
) -> Installations:
    """Make the store of installations; `clock` gives the seconds since 1970."""
    return Installations(store, provider=provider, client=clients.client(), clock=clock)


def oauth_flow(  # noqa: PLR0913 - the parts that an installation touches
    settings: Settings,
    provider: Provider,
    *,
    store: Store,
    clients: Clients,
    installations: Installations,
    teams: ManyTeams,
    installed: Installed,
) -> AsyncOAuthFlow:
    """Make the pages; `installed` hears of each workspace that was added, once its token is kept."""

    async def success(args: AsyncSuccessArgs) -> BoltResponse:
        team_id = args.installation.team_id or args.installation.enterprise_id or ""
        teams.forget(team_id)
        try:
            await installed(await teams.team(team_id, args.installation.enterprise_id))
        except EarshotError as error:  # it is installed all the same, and its events will tell
            logger.warning("Slack: %s could not be welcomed: %s", team_id, error)
        return await args.default.success(args)

    async def failure(args: AsyncFailureArgs) -> BoltResponse:
        # Anybody may call this page with any words: quoted, they end no line of the log.
        logger.warning(UNFINISHED, repr(args.reason[:100]))
        return await args.default.failure(args)

    base = settings.slack_public_url
    return _Flow(
        client=clients.plain_client(),
        logger=BOLT_LOGGER,
        settings=AsyncOAuthSettings(
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            scopes=BOT_SCOPES,
            user_scopes=[],
            redirect_uri=f"{base}{REDIRECT_PATH}" if base else None,
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            authorization_url=_authorization_url(clients),
            installation_store=installations,
            installation_store_bot_only=True,
            state_store=States(store),
            state_expiration_seconds=STATE_S,
            callback_options=AsyncCallbackOptions(success=success, failure=failure),
            logger=BOLT_LOGGER,
        ),
    )


def _authorization_url(clients: Clients) -> str | None:
    """Give where people say yes: Slack's own page, or that of the server in the settings."""
    if clients.api_base == API_BASE:
        return None
    return clients.api_base.rstrip("/").removesuffix("/api") + "/oauth/v2/authorize"
