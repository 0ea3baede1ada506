"""Knows the workspaces that have the app. Of those that installed it, which are many, it is here."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Protocol

from slack_sdk.oauth.installation_store import Bot
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import EarshotError, PlatformError, PlatformUnavailable
from bot.platforms.slack.clients import Clients, Refused, asked
from bot.platforms.slack.installations import EXPIRED, Installations
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

# Another process may have renewed a token, or have been told that a workspace left.
LIFETIME_S = 300.0

# What Slack says of the token of a workspace that removed the app.
REMOVED = frozenset({"account_inactive", "token_revoked"})

STILL_HERE = "whether it still has the app"

# A token that no longer works comes back by a new installation, which ends this at once.
FAILED_S = 60.0


class NotInstalled(PlatformError):  # noqa: N818 - a state of a workspace
    """A workspace does not have the app: what is said there is not for it."""

    def __init__(self, team_id: str) -> None:
        super().__init__(f"the app is not installed in the workspace {team_id}")


class KnownTeams(Protocol):
    """Workspaces as `Teams` gives them, and what changes of them."""

    async def team(self, team_id: str, enterprise_id: str | None = None) -> Team:
        """Give a workspace. `enterprise_id` is the organization that it belongs to, if known.

        Raises PlatformUnavailable where Slack cannot be reached, NotInstalled, PlatformError where
        there is no token that works, StoreError.
        """
        ...

    async def ids(self) -> list[str]:
        """List the ids of all workspaces that have the app. Raises StoreError."""
        ...

    async def removed(self, team_id: str, enterprise_id: str | None, *, at: float) -> bool:
        """Note that a workspace removed the app, `at` in seconds of Slack's time.

        False if that is no news: it has come back since, or was gone.
        """
        ...

    async def is_gone(self, team_id: str) -> bool:
        """Tell whether a workspace removed the app while nobody listened, and note it."""
        ...

    async def is_installed(self, team_id: str) -> bool:
        """Tell whether there is a token for a workspace, as far as is known. Raises StoreError."""
        ...


@dataclass(slots=True)
class _Known:
    team: Team
    read_at: float


@dataclass(frozen=True, slots=True)
class _Failed:
    error: PlatformError
    at: float


class ManyTeams:
    """The workspaces that installed the app; each is read anew after a while.

    That there is no token that works is told for a while without asking again: it would be asked for
    with each event.
    """

    def __init__(
        self,
        installations: Installations,
        clients: Clients,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._installations = installations
        self._clients = clients
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._failed: dict[str, _Failed] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def team(self, team_id: str, enterprise_id: str | None = None) -> Team:
        """Give a workspace that installed the app."""
        async with self._reading[team_id]:
            known = self._known.get(team_id)
            if known is not None and self._clock() - known.read_at <= LIFETIME_S:
                return known.team
            return await self._read(team_id, enterprise_id)

    async def ids(self) -> list[str]:
        """List the ids of all workspaces that installed the app."""
        return await self._installations.workspaces()

    async def removed(self, team_id: str, enterprise_id: str | None, *, at: float) -> bool:
        """Delete what was installed before that moment."""
        async with self._reading[team_id]:  # Slack says it twice, at once
            is_news = await self._installations.removed(team_id, enterprise_id, at=at)
            if is_news:
                self.forget(team_id)
            return is_news

    async def is_gone(self, team_id: str) -> bool:
        """Tell by its token whether a workspace removed the app while nobody listened.

        Slack tells of a removal only then, and some minutes longer.
        """
        if not await self._installations.is_kept(team_id):
            return True  # a stop came between the end of its token and the note of that
        try:
            why = await self._refusal(team_id)
            if why in REMOVED and await self.removed(team_id, None, at=inf):  # whenever that was
                logger.warning(
                    "Slack: the app was removed from %s while nobody listened (%s)", team_id, why
                )
                return True
        except PlatformError as error:
            logger.warning("Slack: whether %s still has the app is unknown: %s", team_id, error)
        return False

    async def _refusal(self, team_id: str) -> str:
        """Ask for Slack's word for why it takes no token of a workspace; "" if it takes one.

        One that Slack does not renew is asked about itself: that it has ended does not say why.
        """
        try:
            team = await self.team(team_id)
            await asked(team.client.auth_test(), doing=STILL_HERE)
        except Refused as error:
            bot = await self._installations.as_kept(team_id)
            if error.code in REMOVED or bot is None:
                return error.code
        else:
            return ""
        try:
            await asked(self._clients.client(bot.bot_token).auth_test(), doing=STILL_HERE)
        except Refused as error:
            return error.code
        return ""

    async def is_installed(self, team_id: str) -> bool:
        """Tell whether a workspace has the app, be it that no key reads its token."""
        return await self._installations.is_kept(team_id)

    def forget(self, team_id: str) -> None:
        """Read a workspace anew when it is next asked for."""
        self._known.pop(team_id, None)
        self._failed.pop(team_id, None)

    async def _read(
        self, team_id: str, enterprise_id: str | None, *, ended: str | None = None
    ) -> Team:
        """Read a workspace, with another token than the one that has `ended`, if there is one."""
        bot = await self._bot(team_id, enterprise_id, ended)
        if bot is None:
            self._known.pop(team_id, None)
            raise NotInstalled(team_id)
        before = self._known.get(team_id)
        if before is not None and before.team.client.token == bot.bot_token:
            team = before.team
        else:
            client = self._clients.client(bot.bot_token, partial(self._another_token, team_id))
            team = _team_of(bot, team_id, client)
        self._known[team_id] = _Known(team, self._clock())
        return team

    async def _bot(self, team_id: str, enterprise_id: str | None, ended: str | None) -> Bot | None:
        failed = self._failed.get(team_id)
        if failed is not None and self._clock() - failed.at < FAILED_S:
            raise failed.error.with_traceback(None)
        try:
            return await self._installations.bot(team_id, enterprise_id, ended=ended)
        except PlatformUnavailable:
            raise
        except PlatformError as error:
            self._failed[team_id] = _Failed(error, self._clock())
            raise

    async def _another_token(self, team_id: str, spent: str, why: str) -> str | None:
        """Give a token for a workspace where Slack takes ours no more, and says why.

        Another process may have been given it; one that has expired is renewed.
        """
        try:
            async with self._reading[team_id]:
                known = self._known.get(team_id)
                if known is not None and known.team.client.token != spent:
                    return known.team.client.token
                ended = spent if why == EXPIRED else None
                token = (await self._read(team_id, None, ended=ended)).client.token
        except EarshotError as error:
            logger.warning("Slack: the token of %s has ended: %s", team_id, error)
            return None
        return None if token == spent else token


def _team_of(bot: Bot, team_id: str, client: AsyncWebClient) -> Team:
    return Team(
        id=team_id,
        name=bot.team_name or bot.enterprise_name or team_id,
        user_id=bot.bot_user_id,
        bot_id=bot.bot_id,
        app_id=bot.app_id or "",
        client=client,
    )
