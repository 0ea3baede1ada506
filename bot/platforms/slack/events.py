"""Which of Slack's events goes where. What a bot subscribes to stands in its manifest.

What is said as a command is no part of the conversation. Words are written down before Slack is told
that they arrived; views may come a moment later.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bot.platforms.slack.agent_view import AgentView, with_user
from bot.platforms.slack.assistant_view import AssistantView
from bot.platforms.slack.channels import Channels
from bot.platforms.slack.ears import Ears
from bot.platforms.slack.hearing import place
from bot.platforms.slack.home import Home
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.naming import People
from bot.platforms.slack.spoken import Spoken
from bot.platforms.slack.tasks import Tasks
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

CONTEXT = "app_context_changed"

Hearing = Callable[[Payload, Team], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Events:
    """Hands events on. `tasks` owns what Slack's acknowledgement does not wait for."""

    ears: Ears
    spoken: Spoken
    channels: Channels
    people: People
    home: Home
    assistant_view: AssistantView
    agent_view: AgentView
    tasks: Tasks

    async def event(self, body: Payload, team: Team) -> None:
        """Deal with an event; returns once nothing of it can be lost."""
        event = part_of(body, "event")
        kind = text_in(event, "type")
        hear = self._hearing.get(kind)
        if hear is None:
            logger.debug("Slack: an event of the kind %s is passed over", kind)
            return
        await hear(with_user(event, body) if kind == CONTEXT else event, team)

    @property
    def _hearing(self) -> Mapping[str, Hearing]:
        ears, channels = self.ears, self.channels
        return {
            "message": self._said,
            "app_mention": self._said,
            "reaction_added": partial(ears.reacted, gone=False),
            "reaction_removed": partial(ears.reacted, gone=True),
            "member_joined_channel": channels.joined,
            "member_left_channel": channels.left,
            "channel_left": channels.left,
            "group_left": channels.left,
            "channel_id_changed": channels.moved,
            "channel_rename": channels.changed,
            "group_rename": channels.changed,
            "channel_archive": channels.changed,
            "group_archive": channels.changed,
            "channel_unarchive": channels.changed,
            "group_unarchive": channels.changed,
            "channel_deleted": channels.deleted,
            "group_deleted": channels.deleted,
            "user_change": self._renamed,
            "app_home_opened": partial(self._later, self._opened),
            CONTEXT: partial(self._later, self.agent_view.context_changed),
            "assistant_thread_started": partial(self._later, self.assistant_view.started),
            "assistant_thread_context_changed": partial(
                self._later, self.assistant_view.context_changed
            ),
        }

    async def _said(self, event: Payload, team: Team) -> None:
        """Carry out what is said as a command; hear everything else."""
        where = place(event, team.id)
        if where is None:
            return
        self.channels.spoken_in(where)
        if await self.spoken.spoken(event, where, team):
            return
        if not await self.assistant_view.missed(event, where, team):
            await self.ears.message(event, where, team)

    async def _opened(self, event: Payload, team: Team) -> None:
        """Show the tab that somebody opened: the Home tab, or their chat."""
        await self.home.opened(event, team)
        await self.agent_view.opened(event, team)

    async def _renamed(self, event: Payload, team: Team) -> None:
        """Look a person up anew, whose name or rights may have changed."""
        self.people.forget(team.id, text_in(part_of(event, "user"), "id"))

    async def _later(self, show: Hearing, event: Payload, team: Team) -> None:
        self.tasks.start(partial(show, event, team), name=f"a view in {team.id}")
