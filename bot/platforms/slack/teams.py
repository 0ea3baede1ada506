"""The workspaces that installed the app, and how to call Slack in each."""

from dataclasses import dataclass
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class Team:
    """One workspace with the bot in it. `user_id` is the bot as a member, `bot_id` as an author.

    `client` calls Slack's API with the workspace's token.
    """

    id: str
    name: str
    user_id: str
    bot_id: str
    app_id: str
    client: AsyncWebClient


class Teams(Protocol):
    """Finds workspaces.

    Raises PlatformUnavailable where Slack cannot be reached, PlatformError where the app is not
    installed.
    """

    async def team(self, team_id: str) -> Team:
        """Give a workspace by its id."""
        ...
