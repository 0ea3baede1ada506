"""Which channels and group messages a person and the assistant are both in, as Slack tells."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.slack.refusals import code
from bot.platforms.slack.teams import Team
from bot.platforms.slack.views import shown

TYPES = "public_channel,private_channel"
WITH_GROUPS = f"{TYPES},mpim"
# From https://docs.slack.dev/reference/methods/users.conversations: no page is longer.
MAX_A_PAGE = 999
MAX_PAGES = 10


async def shared_channels(team: Team, user_id: str) -> list[str] | None:
    """Give the ids of the channels that both are in, by name; None where Slack does not tell."""
    theirs, ours = await asyncio.gather(_channels(team, user_id), _channels(team, None))
    if theirs is None or ours is None:
        return None
    both = {each["id"] for each in ours}
    return [
        each["id"]
        for each in sorted(theirs, key=lambda each: str(each.get("name", "")))
        if each["id"] in both
    ]


async def _channels(team: Team, user_id: str | None) -> Sequence[Mapping[str, Any]] | None:
    """List the channels of a person, those of the assistant if it is None."""
    found: list[Mapping[str, Any]] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        answer = await shown(partial(_page, team, user_id, cursor), team, "list channels")
        if answer is None:
            return None
        found += answer.get("channels") or ()
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            break
    return found


async def _page(team: Team, user_id: str | None, cursor: str | None) -> AsyncSlackResponse:
    """Ask for a page of channels and group messages; the latter need a scope that may be missing."""
    listed = partial(
        team.client.users_conversations,
        user=user_id,
        exclude_archived=True,
        limit=MAX_A_PAGE,
        cursor=cursor,
        team_id=team.id,  # for tokens of a whole organization
    )
    try:
        return await listed(types=WITH_GROUPS)
    except SlackApiError as error:
        if code(error) != "missing_scope":
            raise
        return await listed(types=TYPES)
