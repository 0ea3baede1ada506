"""Channels that the bot is invited to and removed from, and those that change or end.

The bot hears a channel from the moment it was invited there, and says once in each what it stores.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bot.errors import PlatformError, StoreError
from bot.messages import ConversationKey
from bot.platforms.in_order import InOrder
from bot.platforms.insist import insisted
from bot.platforms.slack.keys import PLATFORM, channel_key, is_direct, is_ts, sent_at
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.listening import turn_of
from bot.platforms.slack.membership import Membership
from bot.platforms.slack.naming import People
from bot.platforms.slack.tasks import Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.workspaces import greeting
from bot.ports import Platform
from bot.store import Store

logger = logging.getLogger(__name__)

HERE = "this channel"
CALL = "mention me, or write in the thread below a message of mine"


@dataclass(frozen=True, slots=True)
class Channels:
    """Notes what becomes of channels. `turns` are theirs; `name` is the assistant's in the chat.

    `tasks` owns what nobody waits for. `clock` gives aware UTC times. Methods wait until the history
    can be written.
    """

    store: Store
    platform: Platform
    people: People
    membership: Membership
    turns: InOrder
    name: str
    clock: Callable[[], datetime]
    tasks: Tasks
    _spoken_in: set[ConversationKey] = field(init=False, default_factory=set)  # in this run

    async def joined(self, event: Payload, team: Team) -> None:
        """Hear that somebody came into a channel; what matters is if the bot did."""
        channel_id, user_id = text_in(event, "channel"), text_in(event, "user")
        if user_id != team.user_id or not channel_id:
            return
        where = channel_key(team.id, channel_id)
        self.people.forget(team.id, channel_id)
        async with self._turn(where):
            join = partial(self.membership.joined, where, self._moment(event))
            await insisted(join, f"the invitation to {where}")
        self.tasks.start(partial(self._greet, where), name=f"the greeting in {where}")

    async def left(self, event: Payload, team: Team) -> None:
        """Hear that somebody left a channel, perhaps the bot."""
        channel_id, user_id = text_in(event, "channel"), text_in(event, "user")
        is_own = text_in(event, "type") in ("channel_left", "group_left")
        if channel_id and (is_own or user_id == team.user_id):
            self.people.forget(team.id, channel_id)
            where = channel_key(team.id, channel_id)
            leave = partial(self.membership.left, where, self._moment(event))
            await insisted(leave, f"the end of the stay in {channel_id}")
            logger.info("Slack: no longer in %s: nothing is heard there any more", channel_id)

    async def changed(self, event: Payload, team: Team) -> None:
        """Hear that a channel has another name, or is archived, or no longer."""
        channel_id = _channel_of(event)
        if not channel_id:
            return
        self.people.forget(team.id, channel_id)
        kind = text_in(event, "type").partition("_")[2]
        if kind in ("archive", "unarchive"):
            logger.info("Slack: %s is %sd", channel_id, kind)
        if kind == "unarchive":
            await self._unarchived(channel_key(team.id, channel_id), self._moment(event), team)

    async def moved(self, event: Payload, team: Team) -> None:
        """Hear that a channel has another id, as one shared with others may get: its data follows."""
        old_id, new_id = text_in(event, "old_channel_id"), text_in(event, "new_channel_id")
        if not (old_id and new_id) or old_id == new_id:
            return
        old, new = channel_key(team.id, old_id), channel_key(team.id, new_id)
        for channel_id in (old_id, new_id):
            self.people.forget(team.id, channel_id)
        async with self._turn(old), self._turn(new):
            await insisted(partial(self.store.moves.channel, old, new), f"the new id of {old}")
        logger.info("Slack: %s is %s from now on, with all that is kept of it", old_id, new_id)

    async def deleted(self, event: Payload, team: Team) -> None:
        """Hear that a channel is gone, and forget what was said in it."""
        channel_id = _channel_of(event)
        if not channel_id:
            return
        where = channel_key(team.id, channel_id)
        async with self._turn(where):
            await insisted(partial(self.store.messages.clear_channel, where), f"the end of {where}")
        logger.info("Slack: %s was deleted, and with it what was kept of it", channel_id)

    async def _unarchived(self, where: ConversationKey, at: datetime, team: Team) -> None:
        """Be in a channel again: it may have been archived before it was ever listed, or greeted."""
        channel = await self.people.channel(team, where.channel)
        if channel is None or not channel.is_member:
            return
        async with self._turn(where):
            if not await insisted(
                partial(self.membership.is_member, where), f"the stay in {where}"
            ):
                await insisted(partial(self.membership.joined, where, at), f"the return to {where}")
        self.tasks.start(partial(self._greet, where), name=f"the greeting in {where}")

    def _moment(self, event: Payload) -> datetime:
        """Give when something happened: Slack may tell of it late, or twice."""
        now, ts = self.clock(), text_in(event, "event_ts")
        return sent_at(ts) if is_ts(ts) and float(ts) < now.timestamp() else now

    def _turn(self, where: ConversationKey) -> AbstractAsyncContextManager[None]:
        return self.turns.turn(turn_of(where))

    def spoken_in(self, where: ConversationKey) -> None:
        """Greet a place in which something is said, unless it was: nobody invites to a group chat.

        One that takes no greeting now is left alone until the next start.
        """
        channel = replace(where, thread=None)
        if not is_direct(channel.channel) and channel not in self._spoken_in:
            self._spoken_in.add(channel)
            self.tasks.start(partial(self._greet, channel), name=f"the greeting in {channel}")

    async def greet_all(self, team: Team) -> None:
        """Greet the channels that it was in before it ran, and was not greeted in."""
        for channel_id in sorted(await self.membership.channels(team.id)):
            if channel_id not in self.membership.archived(team.id):
                await self._greet(channel_key(team.id, channel_id))

    async def _greet(self, where: ConversationKey) -> None:
        """Say once in a channel who it is; a channel that cannot be greeted is told to the log.

        Whoever notes it first greets: another start, or an invitation, may be at it as well.
        """
        note = f"greeted-{where.channel}/{where.workspace}"  # goes with the workspace's data
        try:
            if await self.store.notes.claim(PLATFORM, note, self.clock().isoformat()):
                await self._say_hello(where, note)
        except (PlatformError, StoreError) as error:
            logger.warning("Slack: %s could not be greeted: %s", where, error)

    async def _say_hello(self, where: ConversationKey, note: str) -> None:
        is_said = False
        try:
            settings = await self.store.channels.settings(where)
            text = greeting(self.name, settings, channels=HERE, call=CALL)
            await self.platform.notice(where, text, reply_to=None)
            is_said = True
        finally:  # also at a stop, which a channel that takes no messages now may wait for
            if not is_said:
                await self.store.notes.drop(PLATFORM, note)


def _channel_of(event: Payload) -> str:
    """Give a channel's id, which stands alone or within what is told of the channel."""
    return text_in(event, "channel") or text_in(part_of(event, "channel"), "id")
