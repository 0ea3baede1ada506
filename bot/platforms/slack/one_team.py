"""Knows the one workspace of a bot token."""

import asyncio
import logging

from bot.platforms.slack.clients import Clients, Refused, asked
from bot.platforms.slack.known_teams import NotInstalled
from bot.platforms.slack.lenient import as_payload, part_of, text_in
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)


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
