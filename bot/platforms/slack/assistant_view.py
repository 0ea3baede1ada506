"""Slack's pane for assistants: a greeting, things to ask, titles, and the channel one looks at.

What is written there are direct messages in a thread, heard and answered like all others. Which
channel somebody has in view is kept, so that they can ask what they missed in it; only if they and
the assistant are both in it. A workspace without the pane costs a line in the log.
"""

import logging
import re
from dataclasses import dataclass, field
from functools import partial

from bot.commands import Commands
from bot.commands.parse import clipped
from bot.errors import PlatformError, StoreError
from bot.messages import ConversationKey, Message
from bot.platforms.in_order import InOrder
from bot.platforms.slack.forms import Callers
from bot.platforms.slack.keys import channel_key, is_direct
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.pane_threads import PaneThread, PaneThreads
from bot.platforms.slack.shared_channels import shared_channels
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.slack.views import shown
from bot.ports import Platform

logger = logging.getLogger(__name__)

MAX_TITLE_CHARS = 60  # a list shows no more

MISSED = "What did I miss?"
PROMPTS_TITLE = "You could ask:"
# No more than four: https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts.
ABOUT_THE_CHANNEL = {"title": "What did I miss in this channel?", "message": MISSED}
ALWAYS = (
    {"title": "Help me word something", "message": "Help me write a short message to my team."},
    {"title": "What do you store about me?", "message": "!privacy show"},
    {"title": "What can you do?", "message": "!help"},
)
NOT_BOTH = "I can only sum up a channel that you and I are both in, and you don't look at one."


@dataclass(frozen=True, slots=True)
class AssistantView:
    """Looks after the threads of the pane. `name` is the assistant's, `tasks` owns what takes long.

    What Slack or the history refuses is a line in the log; nothing of it is raised.
    """

    threads: PaneThreads
    platform: Platform
    commands: Commands
    name: str
    caller: Callers
    tasks: Tasks
    once: Once
    _turns: InOrder = field(init=False, default_factory=InOrder)  # by direct chat

    async def started(self, event: Payload, team: Team) -> None:
        """Greet somebody who opened the pane, and offer things to ask."""
        where, in_view, user_id = _pane(event, team)
        if where is None or not await self._is_new(where, in_view):
            return
        await self._say(where, greeting(self.name))
        offered = [*ALWAYS]
        if await _is_shared(team, in_view, user_id):
            offered.insert(0, ABOUT_THE_CHANNEL)
        await shown(
            partial(
                team.client.assistant_threads_setSuggestedPrompts,
                channel_id=where.channel,
                thread_ts=where.thread,
                title=PROMPTS_TITLE,
                prompts=offered,
            ),
            team,
            "offer things to ask",
        )

    async def context_changed(self, event: Payload, team: Team) -> None:
        """Note which channel somebody looks at now."""
        where, in_view, _ = _pane(event, team)
        if where is not None:
            await self._is_new(where, in_view)

    async def titled(self, message: Message, team: Team) -> None:
        """Name a thread of the pane by what is said first in it; returns at once."""
        where = message.conversation
        if where.thread is not None and is_direct(where.channel):
            self.tasks.start(partial(self._title, message, team), name=f"the title of {where}")

    async def missed(self, event: Payload, where: ConversationKey, team: Team) -> bool:
        """Tell whether somebody asks in the pane what they missed; the answer comes in a moment.

        Such a question is a command, and not recorded. With no channel in view it is an ordinary
        one.
        """
        if where.thread is None or not is_direct(where.channel) or not _asks_it(event):
            return False
        try:
            async with self._turns.turn(where.channel):
                thread = (await self.threads.all(where)).get(where.thread)
        except StoreError as error:
            logger.warning("Slack: nobody knows what is in view in %s: %s", where, error)
            return False
        if thread is None or not thread.in_view:
            return False
        if self.once.is_new(team.id, where.channel, text_in(event, "ts")):
            in_view = channel_key(team.id, thread.in_view)
            summing_up = partial(self._sum_up, where, in_view, team, text_in(event, "user"))
            self.tasks.start(summing_up, name=f"a summary of {in_view}")
        return True

    async def _sum_up(
        self, pane: ConversationKey, in_view: ConversationKey, team: Team, user_id: str
    ) -> None:
        text = NOT_BOTH
        async with self.platform.typing(pane):
            if await _is_shared(team, in_view.channel, user_id):
                caller = await self.caller(team, in_view, user_id)
                text = (await self.commands.run("catchup", caller)).text
            await self._say(pane, text)

    async def _title(self, message: Message, team: Team) -> None:
        where, title = message.conversation, clipped(message.text, MAX_TITLE_CHARS)
        if not title or not await self._lacks_title(where):
            return
        await shown(
            partial(
                team.client.assistant_threads_setTitle,
                channel_id=where.channel,
                thread_ts=where.thread or "",
                title=title,
            ),
            team,
            "name a thread of the assistant's pane",
        )

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

    async def _is_new(self, where: ConversationKey, in_view: str) -> bool:
        """Note which channel is in view in a thread; tells whether the thread was unknown."""
        ts = where.thread or ""
        try:
            async with self._turns.turn(where.channel):
                threads = await self.threads.all(where)
                is_new = ts not in threads
                thread = threads.setdefault(ts, PaneThread())
                if is_new or thread.in_view != in_view:
                    thread.in_view = in_view
                    await self.threads.keep(where, threads)
        except StoreError as error:
            logger.warning("Slack: what is in view in %s was not noted: %s", where, error)
            return self.once.is_new(where.workspace, where.channel, ts)
        return is_new

    async def _say(self, where: ConversationKey, text: str) -> None:
        try:
            await self.platform.notice(where, text, reply_to=None)
        except PlatformError as error:
            logger.warning("Slack: nothing was said in the assistant's pane: %s", error)


def greeting(name: str) -> str:
    """Say who it is, what it stores of what is written there, and how to have it otherwise."""
    return (
        f"Hello, I'm {name}. To take part, I store what you write to me here, with your name, and "
        "what I answer. Nobody's words train a model. `!privacy show` tells what is kept, "
        "`!privacy optout` ends it, `!help` tells the rest."
    )


def _pane(event: Payload, team: Team) -> tuple[ConversationKey | None, str, str]:
    """Read where the pane is, the channel in view, and who has it open; None if it is odd."""
    pane = part_of(event, "assistant_thread")
    channel_id, ts = text_in(pane, "channel_id"), text_in(pane, "thread_ts")
    if not is_direct(channel_id) or not ts:
        return None, "", ""
    in_view = text_in(part_of(pane, "context"), "channel_id")
    where = channel_key(team.id, channel_id, thread_ts=ts)
    return where, in_view, text_in(pane, "user_id")


def _asks_it(event: Payload) -> bool:
    """Tell whether a person wrote the question that we offer, or it without its mark."""
    if text_in(event, "subtype") or text_in(event, "bot_id"):
        return False
    return re.fullmatch(r"what did i miss\W*", text_in(event, "text"), re.IGNORECASE) is not None


async def _is_shared(team: Team, channel_id: str, user_id: str) -> bool:
    return bool(channel_id) and channel_id in (await shared_channels(team, user_id) or ())
