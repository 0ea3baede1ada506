"""The Home tab: the settings of one's channels, one's privacy choices, and where to find help.

It is published when somebody opens it, and after what they changed there. What people press runs as
the command of that name, in their workspace and with their rights.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from bot.commands import Commands
from bot.commands.dispatch import STORE_FAILED
from bot.errors import StoreError
from bot.messages import workspace_key
from bot.platforms.in_order import InOrder
from bot.platforms.slack.forms import Callers, Forms
from bot.platforms.slack.home_tab import (
    DEFAULTS,
    HELP,
    MAX_CHANNELS,
    PRIVACY,
    SETTINGS,
    Channel,
    Privacy,
    help_view,
    tab,
)
from bot.platforms.slack.keys import PLATFORM, channel_key
from bot.platforms.slack.lenient import Payload, part_of, parts_of, text_in
from bot.platforms.slack.shared_channels import shared_channels
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.slack.views import shown
from bot.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """Publishes the tab, and does what its buttons say. `name` is the assistant's."""

    store: Store
    commands: Commands
    name: str
    caller: Callers
    forms: Forms
    tasks: Tasks
    once: Once
    _turns: InOrder = field(init=False, default_factory=InOrder)  # by person: the newest stands

    async def opened(self, event: Payload, team: Team) -> None:
        """Publish the tab for whoever opened it."""
        user_id = text_in(event, "user")
        if text_in(event, "tab") == "home" and user_id:
            await self.publish(team, user_id)

    async def acted(self, body: Payload, team: Team) -> bool:
        """Do what a pressed button of the tab says, in a moment; False if it is none of its."""
        pressed = next(iter(parts_of(body, "actions")), None)
        work = None if pressed is None else self._meant(pressed, body, team)
        if work is None:
            return False
        if self.once.is_new(text_in(body, "trigger_id")):
            self.tasks.start(work, name="the Home tab")
        return True

    async def publish(self, team: Team, user_id: str, *, told: str = "") -> None:
        """Publish what holds now; `told` is the answer to what was pressed."""
        async with self._turns.turn((team.id, user_id)):
            try:
                channels = await self._channels(team, user_id)
                privacy = await self._privacy(team, user_id)
            except StoreError:
                logger.exception("the Home tab of somebody in %s is not complete", team.name)
                channels, privacy, told = None, None, STORE_FAILED
            view = tab(self.name, channels, privacy, told=told)
            await shown(
                lambda: team.client.views_publish(user_id=user_id, view=view),
                team,
                "publish a Home tab",
            )

    def _meant(
        self, pressed: Payload, body: Payload, team: Team
    ) -> Callable[[], Awaitable[object]] | None:
        """Say what a button does; None for another's."""
        trigger_id, user_id = text_in(body, "trigger_id"), text_in(part_of(body, "user"), "id")
        action_id = text_in(pressed, "action_id")
        if action_id in (SETTINGS, DEFAULTS):
            where = workspace_key(PLATFORM, team.id)
            if action_id == SETTINGS:
                where = channel_key(team.id, text_in(pressed, "value"))
            opening = self.forms.open_settings
            return partial(opening, team, trigger_id, where, user_id, from_home=True)
        if action_id == HELP:
            return partial(self._help, team, trigger_id)
        if action_id in PRIVACY:
            return partial(self._chose, team, user_id, PRIVACY[action_id])
        return None

    async def _channels(self, team: Team, user_id: str) -> list[Channel] | None:
        """Give the channels that both are in; the settings of no more than are shown."""
        ids = await shared_channels(team, user_id)
        if ids is None:
            return None
        channels = self.store.channels
        settings = [await channels.settings(channel_key(team.id, id)) for id in ids[:MAX_CHANNELS]]
        known = [Channel(id, each) for id, each in zip(ids, settings, strict=False)]
        return known + [Channel(id, None) for id in ids[MAX_CHANNELS:]]

    async def _privacy(self, team: Team, user_id: str) -> Privacy:
        where = workspace_key(PLATFORM, team.id)
        caller = await self.caller(team, where, user_id)
        shown_ = await self.commands.run("privacy show", caller)
        opted_out = await self.store.speakers.is_opted_out(PLATFORM, team.id, user_id)
        return Privacy(shown_.text, opted_out=opted_out)

    async def _chose(self, team: Team, user_id: str, command: str) -> None:
        caller = await self.caller(team, workspace_key(PLATFORM, team.id), user_id)
        answer = await self.commands.run(command, caller)
        await self.publish(team, user_id, told=answer.text)

    async def _help(self, team: Team, trigger_id: str) -> None:
        view = help_view()
        await shown(
            lambda: team.client.views_open(trigger_id=trigger_id, view=view), team, "open a form"
        )
