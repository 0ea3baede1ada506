"""Who calls a command on Slack, and what they may manage.

Admins and owners manage their workspace, whoever made a channel manages it, and in a direct chat
with the assistant everybody manages that chat. Guests and people of other workspaces manage nothing
else. Who cannot be looked up is no manager, and the log says why.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.commands import Caller
from bot.commands.grammar import TYPED
from bot.messages import Author, ConversationKey
from bot.platforms.slack.keys import is_direct
from bot.platforms.slack.lenient import is_payload, is_set
from bot.platforms.slack.naming import People
from bot.platforms.slack.reading import mentioned, readable
from bot.platforms.slack.refusals import FAILURES, cause, code
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

CALL_TIMEOUT_S = 5.0
MAX_RIGHTS_AGE_S = 60.0  # Slack tells one process alone that somebody manages no more

NOT_THERE = "channel_not_found"  # also said of a private place that the bot is not in


@dataclass(frozen=True, slots=True)
class Managing:
    """Finds out who calls. `clock` gives aware UTC times."""

    people: People
    clock: Callable[[], datetime]

    async def caller(
        self, team: Team, where: ConversationKey, user_id: str, *, by_mention: bool = False
    ) -> Caller:
        """Say who calls, where, with which rights; a place without a channel is the workspace.

        `by_mention`: they do it by a message, not by a command of Slack's.
        """
        person = await self.people.name(team, user_id)
        if person.is_manager:
            person = await self.people.name(team, user_id, max_age_s=MAX_RIGHTS_AGE_S)
        author = Author(user_id, person.name, is_bot=person.is_bot)
        is_outsider = person.is_guest or person.is_stranger or person.is_bot or not person.is_known
        is_admin = person.is_manager and not is_outsider
        may_manage = is_admin or is_direct(where.channel)
        if not may_manage and not is_outsider and where.channel:
            channel = await self.people.channel(team, where.channel)
            may_manage = channel is not None and channel.creator == user_id
        return Caller(
            where,
            author,
            may_manage,
            self.clock(),
            may_manage_workspace=is_admin,
            workspace_called="workspace",
            prefix=self.prefix(where, by_mention=by_mention),
        )

    def prefix(self, where: ConversationKey, *, by_mention: bool) -> str:
        """Give what people type there before a command: Slack refuses its own ones in threads.

        In a direct chat the mention may be left out.
        """
        if where.thread is None and not by_mention:
            return TYPED
        return "!" if is_direct(where.channel) else f"@{self.people.assistant_name} !"

    async def read(self, text: str, team: Team) -> str:
        """Give what somebody typed as people see it."""
        return readable(text, await self.people.names(team, mentioned(text)))

    async def is_in(self, team: Team, channel_id: str) -> bool | None:
        """Tell whether the bot is in a channel or chat; None where Slack does not say."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                told = await team.client.conversations_info(channel=channel_id)
        except FAILURES as error:
            if code(error) == NOT_THERE:
                return False
            logger.warning("nobody knows whether I am in %s: %s", channel_id, cause(error))
            return None
        channel = told.get("channel")
        # Of what is not public Slack tells only its members.
        signs = ("is_member", "is_im", "is_mpim", "is_private")
        return is_payload(channel) and is_set(channel, *signs)
