"""Knows the workspaces that have the app: the one of a bot token, or those that installed it."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from slack_sdk.oauth.installation_store import Bot
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import EarshotError, PlatformError, PlatformUnavailable
from bot.platforms.slack.clients import Clients, Refused, asked
from bot.platforms.slack.installations import Installations
from bot.platforms.slack.lenient import as_payload, part_of, text_in
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

# Another process may have renewed a token, or have been told that a workspace left.
LIFETIME_S = 300.0

# What Slack says of the token of a workspace that removed the app.
REMOVED = frozenset({"account_inactive", "token_revoked"})

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


class OneTeam:
    """The workspace of a bot token."""

    def __init__(self, token: str, clients: Clients) -> None:
        self._token = token
        self._clients = clients
        self._asking = asyncio.Lock()
        self._team: Team | None = None
        self._is_removed = False

    async def team(self, team_id: str, enterprise_id: str | None = None) -> Team:
        """Give the workspace, if it is that one."""
        team = await self.only()
        if team_id not in {team.id, enterprise_id}:
            raise NotInstalled(team_id)
        return team

    async def only(self) -> Team:
        """Give the workspace; Slack is asked once. Raises Refused for a token that is not valid."""
        async with self._asking:
            if self._team is None:
                self._team = await introduced(self._clients, self._token)
            return self._team

    async def ids(self) -> list[str]:
        """Give the workspace's id, as the only one."""
        return [(await self.only()).id]

    async def removed(self, team_id: str, enterprise_id: str | None, *, at: float) -> bool:
        """Note that the workspace removed the app; its token does not come back."""
        if self._team is not None and self._team.id not in {team_id, enterprise_id}:
            return False  # another one, in which the same app was installed by hand
        is_news = not self._is_removed
        self._is_removed = True
        if is_news:
            logger.error(
                "Slack: the workspace %s removed the app, and its token with it: install the app "
                "there again, set EARSHOT_SLACK_BOT_TOKEN to the new token, and start again",
                team_id,
            )
        return is_news

    async def is_gone(self, team_id: str) -> bool:
        """Tell that it is there: without a valid token there is no start."""
        return False

    async def is_installed(self, team_id: str) -> bool:
        """Tell whether it is that workspace, and has not removed the app."""
        return not self._is_removed and team_id == (await self.only()).id


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
            if known is None or self._clock() - known.read_at > LIFETIME_S:
                known = await self._read(team_id, enterprise_id)
                self._known[team_id] = known
            return known.team

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
            team = await self.team(team_id)
            await asked(team.client.auth_test(), doing="whether it still has the app")
        except Refused as error:
            if error.code not in REMOVED:
                return False
            logger.warning(
                "Slack: the app was removed from %s while nobody listened (%s)", team_id, error.code
            )
            return await self.removed(team_id, None, at=time.time())
        except PlatformError as error:
            logger.warning("Slack: whether %s still has the app is unknown: %s", team_id, error)
        return False

    async def is_installed(self, team_id: str) -> bool:
        """Tell whether a workspace has the app, be it that no key reads its token."""
        return await self._installations.is_kept(team_id)

    def forget(self, team_id: str) -> None:
        """Read a workspace anew when it is next asked for."""
        self._known.pop(team_id, None)
        self._failed.pop(team_id, None)

    async def _bot(self, team_id: str, enterprise_id: str | None) -> Bot | None:
        failed = self._failed.get(team_id)
        if failed is not None and self._clock() - failed.at < FAILED_S:
            raise failed.error.with_traceback(None)
        try:
            return await self._installations.bot(team_id, enterprise_id)
        except PlatformUnavailable:
            raise
        except PlatformError as error:
            self._failed[team_id] = _Failed(error, self._clock())
            raise

    async def _read(self, team_id: str, enterprise_id: str | None) -> _Known:
        bot = await self._bot(team_id, enterprise_id)
        if bot is None:
            self._known.pop(team_id, None)
            raise NotInstalled(team_id)
        before = self._known.get(team_id)
        if before is not None and before.team.client.token == bot.bot_token:
            return _Known(before.team, self._clock())
        client = self._clients.client(bot.bot_token, partial(self._another_token, team_id))
        return _Known(_team_of(bot, team_id, client), self._clock())

    async def _another_token(self, team_id: str, spent: str) -> str | None:
        """Give the token that another process was given for a workspace, where ours has ended."""
        try:
            async with self._reading[team_id]:
                known = self._known.get(team_id)
                if known is None or known.team.client.token == spent:
                    known = self._known[team_id] = await self._read(team_id, None)
        except EarshotError as error:
            logger.warning("Slack: the token of %s has ended: %s", team_id, error)
            return None
        token = known.team.client.token
        return None if token == spent else token


async def introduced(clients: Clients, token: str) -> Team:
    """Ask Slack whose token it is. Raises Refused and PlatformUnavailable."""
    client = clients.client(token)
    answer = await asked(client.auth_test(), doing="who the bot is")
    given = as_payload(answer.data)
    app_id = text_in(given, "app_id") or await _app_id(clients, token, text_in(given, "bot_id"))
    return Team(
        id=text_in(given, "team_id") or text_in(given, "enterprise_id"),
        name=text_in(given, "team"),
        user_id=text_in(given, "user_id"),
        bot_id=text_in(given, "bot_id"),
        app_id=app_id,
        client=client,
    )


async def _app_id(clients: Clients, token: str, bot_id: str) -> str:
    """Ask which app a bot belongs to; a server that cannot tell is not asked again."""
    try:
        answer = await asked(clients.client(token).bots_info(bot=bot_id), doing="its app")
    except Refused:
        return ""
    return text_in(part_of(as_payload(answer.data), "bot"), "app_id")


def _team_of(bot: Bot, team_id: str, client: AsyncWebClient) -> Team:
    return Team(
        id=team_id,
        name=bot.team_name or bot.enterprise_name or team_id,
        user_id=bot.bot_user_id,
        bot_id=bot.bot_id,
        app_id=bot.app_id or "",
        client=client,
    )
