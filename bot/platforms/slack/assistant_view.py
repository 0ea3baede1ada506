"""Threads of direct chats: titles, and what one missed in the channel one looks at.

They are those of agents (`agent_view.py`), and of the pane for assistants that older apps have,
which greets in each of its threads. Which channel somebody has in view is kept, so that they can
ask what they missed in it; only if they and the assistant are both in it. A workspace without all
this costs a line in the log.
"""

import asyncio
import logging
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from bot.commands import Commands
from bot.commands.parse import clipped
from bot.errors import PlatformUnavailable, StoreError
from bot.messages import ConversationKey, Message
from bot.platforms.asking import TOO_LATE
from bot.platforms.in_order import InOrder
from bot.platforms.slack.agent_chats import AgentChats, in_view
from bot.platforms.slack.answering import EXCUSE_S
from bot.platforms.slack.claims import Claims
from bot.platforms.slack.forms import Callers
from bot.platforms.slack.keys import channel_key, is_direct
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.pane_threads import PaneThread, PaneThreads
from bot.platforms.slack.prompts import greeting, is_shared, offer, tell
from bot.platforms.slack.spoken import SUBTYPES
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.slack.views import shown
from bot.ports import Platform
from bot.signs import Signs

logger = logging.getLogger(__name__)

MAX_TITLE_CHARS = 60  # a list shows no more

NOT_BOTH = "I can only sum up a channel that you and I are both in, and you don't look at one."
NOT_TOLD = (
    "I can't tell right now: Slack doesn't say who is in that channel. Please ask again later."
)


@dataclass(frozen=True, slots=True)
class AssistantView:
    """Looks after the threads of the pane. `name` is the assistant's, `tasks` owns what takes long.

    What Slack or the history refuses is a line in the log; nothing of it is raised.
    """

    threads: PaneThreads
    chats: AgentChats
    platform: Platform
    commands: Commands
    name: str
    caller: Callers
    tasks: Tasks
    once: Once
    _turns: InOrder = field(init=False, default_factory=InOrder)  # by direct chat
    _without_titles: set[str] = field(init=False, default_factory=set)  # workspaces

    async def started(self, event: Payload, team: Team) -> None:
        """Greet somebody who opened the pane, and offer things to ask."""
        where, seen, user_id = _pane(event, team)
        if where is None:
            return
        seen, is_news = await self._opened(where, seen)
        if is_news:
            await tell(self.platform, where, greeting(self.name))
            await offer(where, seen, user_id, team)

    async def context_changed(self, event: Payload, team: Team) -> None:
        """Note which channel somebody looks at now, and offer what fits it."""
        where, seen, user_id = _pane(event, team)
        if where is not None and await self._has_moved(where, seen):
            await offer(where, seen, user_id, team)

    async def titled(self, message: Message, team: Team) -> None:
        """Name a thread of a direct chat by what is said first in it; returns at once."""
        where = message.conversation
        if is_direct(where.channel) and team.id not in self._without_titles:
            self.tasks.start(partial(self._title, message, team), name=f"the title of {where}")

    async def missed(self, event: Payload, where: ConversationKey, team: Team) -> bool:
        """Tell whether somebody asks what they missed beside what they look at.

        Such a question is a command, and not recorded; its answer comes in a moment. With no channel
        in view it is an ordinary one. Raises PlatformUnavailable while it stops.
        """
        # Looked up for this question alone: what waits for a look may be overtaken on its way.
        if not (is_direct(where.channel) and _is_said(event) and _asks_it(event)):
            return False
        ts = text_in(event, "ts")
        try:
            seen = await self._in_view(event, where)
        except StoreError as error:
            logger.warning("Slack: nobody knows what is in view in %s: %s", where, error)
            return False
        if not seen:
            return False
        self.tasks.check_open()
        is_new = self.once.is_new(team.id, where.channel, ts)
        if is_new and await Claims(self.chats.store).is_ours(where, ts):
            channel = channel_key(team.id, seen)
            summing_up = partial(self._sum_up, where, event, channel, team)
            try:
                self.tasks.start(summing_up, name=f"a summary of {channel}")
            except PlatformUnavailable:  # claimed, so that nobody else does it
                await tell(self.platform, where, TOO_LATE)
        return True

    async def looks_at(self, event: Payload, where: ConversationKey) -> None:
        """Note what an agent is told with a message: that it is one, and what is in view.

        Raises StoreError.
        """
        if is_direct(where.channel) and "app_context" in event:
            chat = replace(where, thread=None)
            await self.chats.saw(chat, in_view(part_of(event, "app_context")))

    async def _in_view(self, event: Payload, where: ConversationKey) -> str:
        """Give the channel in view of whoever writes; an agent is told with each message."""
        await self.looks_at(event, where)
        known = await self.chats.get(replace(where, thread=None))
        if known.is_agents:
            return known.in_view
        if where.thread is None:
            return ""
        async with self._turns.turn(where.channel):
            thread = (await self.threads.all(where)).get(where.thread)
        return thread.in_view if thread is not None else ""

    async def _sum_up(
        self, where: ConversationKey, event: Payload, channel: ConversationKey, team: Team
    ) -> None:
        user_id = text_in(event, "user")
        pane = await Signs(self.platform).place(where, text_in(event, "ts"))
        try:
            async with self.platform.typing(pane):
                text = await self._missed_in(channel, user_id, team)
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(EXCUSE_S):
                    await tell(self.platform, pane, TOO_LATE)
            raise
        await tell(self.platform, pane, text)

    async def _missed_in(self, channel: ConversationKey, user_id: str, team: Team) -> str:
        is_theirs = await is_shared(team, channel.channel, user_id)
        if not is_theirs:
            return NOT_TOLD if is_theirs is None else NOT_BOTH
        caller = await self.caller(team, channel, user_id)
        return (await self.commands.run("catchup", caller)).text

    async def _title(self, message: Message, team: Team) -> None:
        where, title = message.conversation, clipped(message.text, MAX_TITLE_CHARS)
        if where.thread is None:  # in an agent's chat, each of these begins a thread
            is_new = await self.chats.has_threads(where)
        else:
            is_new = bool(title) and await self._lacks_title(where)
        if not title or not is_new:
            return
        naming = partial(
            team.client.assistant_threads_setTitle,
            channel_id=where.channel,
            thread_ts=where.thread or message.id,
            title=title,
        )
        doing = "name a thread of a direct chat"
        await shown(naming, team, doing, refusing=self._without_titles)

    async def _lacks_title(self, where: ConversationKey) -> bool:
        """Tell whether a thread of the pane is to be named now, and note that it was."""
        async with self._turns.turn(where.channel):
            threads = await self.threads.all(where)
            thread = threads.get(where.thread or "")
            if thread is None or thread.is_titled:
                return False
            thread.is_titled = True
            await self.threads.keep(where, threads)
        return True

    async def _opened(self, where: ConversationKey, seen: str) -> tuple[str, bool]:
        """Give the channel in view in a thread that was opened, and whether it is to be greeted.

        What changed since may have been told before.
        """
        ts = where.thread or ""
        try:
            async with self._turns.turn(where.channel):
                threads = await self.threads.all(where)
                thread = threads.setdefault(ts, PaneThread(seen))
                is_new, thread.is_greeted = not thread.is_greeted, True
                if is_new:
                    await self.threads.keep(where, threads)
        except StoreError as error:
            logger.warning("Slack: what is in view in %s was not noted: %s", where, error)
            return seen, self.once.is_new(where.workspace, where.channel, ts)
        return thread.in_view, is_new

    async def _has_moved(self, where: ConversationKey, seen: str) -> bool:
        """Note the channel in view in a thread; tells whether what is offered there is outdated."""
        try:
            async with self._turns.turn(where.channel):
                threads = await self.threads.all(where)
                is_known = (where.thread or "") in threads
                thread = threads.setdefault(where.thread or "", PaneThread(seen))
                if is_known and thread.in_view == seen:
                    return False
                thread.in_view = seen
                await self.threads.keep(where, threads)
        except StoreError as error:
            logger.warning("Slack: what is in view in %s was not noted: %s", where, error)
            return False
        return thread.is_greeted


def _pane(event: Payload, team: Team) -> tuple[ConversationKey | None, str, str]:
    """Read where the pane is, the channel in view, and who has it open; None if it is odd."""
    pane = part_of(event, "assistant_thread")
    channel_id, ts = text_in(pane, "channel_id"), text_in(pane, "thread_ts")
    if not is_direct(channel_id) or not ts:
        return None, "", ""
    seen = text_in(part_of(pane, "context"), "channel_id")
    where = channel_key(team.id, channel_id, thread_ts=ts)
    return where, seen, text_in(pane, "user_id")


def _is_said(event: Payload) -> bool:
    """Tell whether a person wrote this, just now."""
    is_of_a_person = text_in(event, "subtype") in SUBTYPES and not text_in(event, "bot_id")
    return is_of_a_person and bool(text_in(event, "ts"))


def _asks_it(event: Payload) -> bool:
    """Tell whether somebody asks the question that we offer, or it without its mark."""
    text = text_in(event, "text")
    is_plain = not text_in(event, "subtype")
    return is_plain and re.fullmatch(r"what did i miss\W*", text, re.IGNORECASE) is not None
