"""Slack's agent messaging: the direct chat greets once, and offers what fits the channel in view.

It is what apps made since the summer of 2026 have; `assistant_view.py` is for older ones. Each
message begins a thread there, in which the answer stands. An app that is neither is greeted in its
chat all the same. https://docs.slack.dev/ai/migrating-to-agent-messaging
"""

import logging
from dataclasses import dataclass, field

from bot.errors import StoreError
from bot.messages import ConversationKey
from bot.platforms.slack.agent_chats import AgentChats, in_view
from bot.platforms.slack.keys import channel_key, is_direct
from bot.platforms.slack.lenient import Payload, part_of, parts_of, text_in
from bot.platforms.slack.pane_threads import PaneThreads
from bot.platforms.slack.prompts import greeting, offer, tell
from bot.platforms.slack.teams import Team
from bot.ports import Platform

logger = logging.getLogger(__name__)

MESSAGES = "messages"  # the tab of the direct chat


@dataclass(frozen=True, slots=True)
class AgentView:
    """Looks after direct chats that people open. `panes` are those of the older experience.

    What Slack or the history refuses is a line in the log; nothing of it is raised.
    """

    chats: AgentChats
    panes: PaneThreads
    platform: Platform
    name: str
    _without_prompts: set[str] = field(init=False, default_factory=set)  # workspaces

    async def opened(self, event: Payload, team: Team) -> None:
        """Greet somebody who opened their chat for the first time, and offer things to ask."""
        where, user_id = channel_key(team.id, text_in(event, "channel")), text_in(event, "user")
        if text_in(event, "tab") != MESSAGES or not is_direct(where.channel) or not user_id:
            return
        seen = in_view(part_of(event, "context"))
        try:
            if "context" in event:
                await self.chats.saw(where, seen)
            elif await self.panes.all(where):
                return  # the pane greets, and has prompts of its own
            is_first = await self.chats.met(where, user_id)
            if is_first and not await tell(self.platform, where, greeting(self.name)):
                await self.chats.missed(where)
        except StoreError as error:
            logger.warning("Slack: whether %s is new to somebody is not known: %s", where, error)
            return
        await self._offer(where, seen, user_id, team)

    async def context_changed(self, event: Payload, team: Team) -> None:
        """Note which channel somebody looks at now, and offer what fits it."""
        user_id = text_in(event, "user")
        try:
            where = await self._chat(event, user_id, team)
            if where is None:
                return
            seen = in_view(part_of(event, "context"))
            is_news = await self.chats.saw(where, seen)
        except StoreError as error:
            logger.warning("Slack: what is in view of somebody was not noted: %s", error)
            return
        if is_news:
            await self._offer(where, seen, user_id, team)

    async def _chat(self, event: Payload, user_id: str, team: Team) -> ConversationKey | None:
        channel_id = text_in(event, "channel")
        if is_direct(channel_id):
            return channel_key(team.id, channel_id)
        return await self.chats.chat_of(team.id, user_id) if user_id else None

    async def _offer(self, where: ConversationKey, seen: str, user_id: str, team: Team) -> None:
        if team.id not in self._without_prompts:
            await offer(where, seen, user_id, team, refusing=self._without_prompts)


def with_user(event: Payload, body: Payload) -> Payload:
    """Give an event the person whom it is about; Slack may name them on the envelope alone."""
    for each in parts_of(body, "authorizations"):
        user_id = text_in(each, "user_id")
        if user_id and each.get("is_bot") is False and not text_in(event, "user"):
            return {**event, "user": user_id}
    return event
