"""Workspaces that the bot joins and leaves: greeted once, remembered, forgotten after a time of grace.

A Discord server is one, a Slack workspace another; the platform tells who they are and where to greet.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.errors import PlatformError, StoreError
from bot.messages import ChannelSettings, Mode, workspace_key
from bot.platforms.insist import insisted
from bot.store import Store

logger = logging.getLogger(__name__)

STARTS = {
    Mode.ACTIVE: "I read along and speak when it helps.",
    Mode.MENTION: "I read along, and speak only when you {call}.",
    Mode.LISTEN: "I read along and answer nobody, until somebody turns me on.",
    Mode.OFF: "I read nothing, until somebody turns me on.",
}

CALL = "mention me or reply to me"  # what gets an answer anywhere

MODE_NOTE = "new_channel_mode"  # the setting at the last start


@dataclass(slots=True)
class Workspaces:
    """Keeps the list of workspaces. `clock` gives aware UTC times. Every method raises StoreError.

    `platform` is that of the conversation keys, `called` what people there call such a workspace.
    The data of one that was left is kept for the time of `grace`.
    """

    store: Store
    platform: str
    clock: Callable[[], datetime]
    grace: timedelta
    called: str = "workspace"
    _greeting: set[str] = field(init=False, default_factory=set)  # or greeted, in this run

    async def begin(self, new_channel_mode: Mode) -> None:
        """Take over in which mode channels start, before anything is heard.

        What was said in workspaces while that was `off` is never fetched.
        """
        before = await self.store.notes.get(self.platform, MODE_NOTE)
        if before == Mode.OFF and new_channel_mode is not Mode.OFF:
            for workspace in await self.store.workspaces.present(self.platform):
                everywhere = workspace_key(self.platform, workspace)
                if "mode" not in await self.store.channels.chosen(everywhere):
                    await self.store.marks.hear_from(everywhere, at=self.clock())
        if before != new_channel_mode:
            await self.store.notes.set(self.platform, MODE_NOTE, new_channel_mode)

    async def joined(self, workspace: str, name: str, *, came_at: datetime | None = None) -> bool:
        """Note a workspace that the bot is in; one that is known costs no more than a look.

        `came_at` is since when, if the platform tells. True if the bot is new there, or back again.
        """
        is_new = await self.store.workspaces.joined(
            self.platform, workspace, at=self.clock(), came_at=came_at
        )
        if is_new:
            logger.info("%s: in the %s %s", self._title, self.called, name)
        return is_new

    async def left(self, workspace: str, name: str) -> None:
        """Note that the bot was removed from a workspace."""
        self._greeting.discard(workspace)
        await self.store.workspaces.left(self.platform, workspace, at=self.clock())
        logger.info(
            "%s: removed from the %s %s; its data is deleted later, unless the bot comes back",
            self._title,
            self.called,
            name,
        )

    async def missing(self, is_gone: Callable[[str], bool]) -> None:
        """Note the workspaces that the bot was removed from while it did not hear of it."""
        for workspace in await self.store.workspaces.present(self.platform):
            if is_gone(workspace):
                self._greeting.discard(workspace)
                await self.store.workspaces.left(self.platform, workspace, at=self.clock())
                logger.info("%s: no longer in the %s %s", self._title, self.called, workspace)

    async def purge(self, is_gone: Callable[[str], Awaitable[bool]]) -> None:
        """Delete all data of the workspaces that were left longer than the time of grace ago.

        `is_gone` is asked of each: what came back while nobody heard of it keeps its data.
        """
        before = self.clock() - self.grace
        for workspace in await self.store.workspaces.left_before(self.platform, before):
            is_due = await is_gone(workspace)
            if is_due and await self.store.workspaces.erase(
                self.platform, workspace, left_before=before
            ):
                self._greeting.discard(workspace)  # who has it back reads the greeting anew
                logger.info(
                    "%s: all data of the %s %s is deleted: it removed the bot",
                    self._title,
                    self.called,
                    workspace,
                )

    async def joined_since(self) -> dict[str, datetime]:
        """Give the workspaces that the bot is in, as far as is noted, with when it came there."""
        return await self.store.workspaces.joined_since(self.platform)

    async def greeted(self) -> frozenset[str]:
        """Give the workspaces that were greeted."""
        return await self.store.workspaces.greeted(self.platform)

    async def is_greeted(self, workspace: str) -> bool:
        """Tell whether a workspace was greeted."""
        return await self.store.workspaces.is_greeted(self.platform, workspace)

    async def greet(self, workspace: str, name: str, post: Callable[[], Awaitable[None]]) -> None:
        """Greet a workspace; where that cannot be done now, it is tried again later.

        `post` may raise PlatformError and StoreError. To be called where it was not greeted yet.
        """
        if workspace in self._greeting:  # the platform may tell of it twice
            return
        self._greeting.add(workspace)
        try:
            await post()
        except (PlatformError, StoreError) as error:
            self._greeting.discard(workspace)
            logger.warning(
                "%s: the %s %s could not be greeted: %s", self._title, self.called, name, error
            )
            return
        # Noted only now: nobody stays without a word of what is stored about them.
        note = partial(self.store.workspaces.greet, self.platform, workspace, at=self.clock())
        await insisted(note, f"the greeting of {name}")

    @property
    def _title(self) -> str:
        return self.platform.capitalize()


def greeting(
    name: str,
    settings: ChannelSettings,
    *,
    channels: str = "the channels that I can see",
    call: str = CALL,
) -> str:
    """Say who it is, what it stores of which `channels`, and how to have it otherwise.

    `call` is what people do there to be answered in any case.
    """
    return (
        f"Hello, I'm {name}. {STARTS[settings.mode].format(call=call)} "
        f"To take part, I store what is written in {channels}, with names, and whether I spoke. "
        "Nobody's words train a model. "
        "If you don't want that: `/assistant privacy optout` for what you write, "
        "`/assistant mode off` for a channel. `/assistant privacy show` tells what is kept, `/assistant help` the rest."
    )
