"""What people do with Earshot on Slack beside writing: commands, buttons, forms, the menu of a message.

1. Each is acknowledged at once, and done after that in a task of its own.
   A question is written down before that, since Slack sends it but once: whoever asked one that
   nobody wrote down is told by Slack itself.
2. What cannot be read is told whoever did it, and nobody else.
3. What is delivered twice is done once. While it stops, nothing is acknowledged any more, and who
   waits for something that is cut short is asked to do it again.
4. What Slack refuses is one line in the log; nothing is raised into slack_bolt.
No state is kept here but what came last: a button pressed after a restart does what it says.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from bot.commands import Invocation, UsageError, parse
from bot.errors import PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.asking import TOO_LATE
from bot.platforms.slack.answering import Answering, Listener
from bot.platforms.slack.ask_form import Asked, asked
from bot.platforms.slack.buttons import SETTINGS, offered
from bot.platforms.slack.commanding import Commanding
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.keys import channel_key, is_direct
from bot.platforms.slack.lenient import Payload, part_of, text_in
from bot.platforms.slack.reading import plain
from bot.platforms.slack.settings_form import SETTINGS as FORM
from bot.platforms.slack.tasks import Once, Tasks
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

ASK_ABOUT = "ask_about"  # the shortcut, as the manifest names it
ASK = "ask"
HEARD_S = 1.5  # for a question to be written down before it is acknowledged
IN_TIME_S = 2.0  # of the three seconds that Slack waits for a form or an acknowledgement
NOT_OPENED = "That took too long to open. Please do it again."

Acknowledgement = dict[str, object] | str | None


@dataclass(frozen=True, slots=True)
class Interactions:
    """Takes what slack_bolt hands on. `pressed` gets what is pressed in the Home tab."""

    commanding: Commanding
    answering: Answering
    forms: Forms
    pressed: Callable[[Payload, Team], Awaitable[bool]]
    tasks: Tasks
    once: Once

    async def command(self, body: Payload, team: Team) -> Acknowledgement:
        """Take `/assistant` with whatever was typed after it.

        Raises PlatformUnavailable while it stops, also for a question that is not written down yet.
        """
        self.tasks.check_open()
        where = channel_key(team.id, text_in(body, "channel_id"))
        listener = Listener(team, where, text_in(body, "user_id"), text_in(body, "response_url"))
        return await self._typed(body, listener, text_in(body, "text"))

    async def interaction(self, body: Payload, team: Team) -> Acknowledgement:
        """Take anything that people press, submit or choose.

        Raises PlatformUnavailable while it stops, also for a question that is not written down yet.
        """
        self.tasks.check_open()
        try:
            return await self._routed(body, team)
        except PlatformUnavailable:
            raise
        except Exception:  # the top of slack_bolt's task
            logger.exception("an interaction in %s failed: %s", team.name, text_in(body, "type"))
            return None

    async def _routed(self, body: Payload, team: Team) -> Acknowledgement:
        match text_in(body, "type"):
            case "message_action" if text_in(body, "callback_id") == ASK_ABOUT:
                return self.shortcut(body, team)
            case "block_actions" if (typed := offered(body)) is not None:
                return await self._typed(body, _presser(body, team), typed)
            case "view_submission" if asked(part_of(body, "view"), team.id) is not None:
                return await self._asked(body, team)
            case "view_submission" if text_in(part_of(body, "view"), "callback_id") == FORM:
                return await self.forms.settings_submitted(body, team)
            case "block_actions":
                await self.pressed(body, team)
                return None
            case kind:
                logger.debug("an interaction of no known kind: %s", kind)
                return None

    def shortcut(self, body: Payload, team: Team) -> Acknowledgement:
        """Open the form that asks about a message, where an answer can be given."""
        listener = _presser(body, team)
        message = part_of(body, "message")
        ts = text_in(body, "message_ts") or text_in(message, "ts")
        where = _where_answered(listener.where, ts, text_in(message, "thread_ts"))
        trigger_id = text_in(body, "trigger_id")
        if ts and self.once.is_new(trigger_id):
            opening = partial(self._open_question, listener, where, ts, trigger_id)
            self._start(opening, listener, told=NOT_OPENED)
        return None

    async def _typed(self, body: Payload, listener: Listener, typed: str) -> Acknowledgement:
        """Do what stands after `/assistant`, typed or behind a button."""
        trigger_id = text_in(body, "trigger_id")
        if not self.once.is_new(trigger_id):
            return None
        if typed.casefold() in ("", SETTINGS):
            opening = partial(self._open_settings, listener, trigger_id)
            self._start(opening, listener, told=NOT_OPENED)
            return None
        await self._begin(listener, typed, name=trigger_id)
        return None

    async def _asked(self, body: Payload, team: Team) -> Acknowledgement:
        """Ask what was typed into the form about a message; Slack closes the form."""
        view = part_of(body, "view")
        question = asked(view, team.id)
        view_id = text_in(view, "id")
        if question is not None and self.once.is_new(view_id):
            user_id = text_in(part_of(body, "user"), "id")
            listener = Listener(team, question.where, user_id, sees=_where_seen(question))
            typed = f"{ASK} {question.question}"
            await self._begin(listener, typed, name=view_id, about=question.target_ts)
        return None

    async def _begin(
        self, listener: Listener, typed: str, *, name: str, about: str | None = None
    ) -> None:
        """Begin to carry a command out, or to say how it is typed; wait until a question is heard."""
        try:
            called = _parsed(typed)
        except UsageError as error:
            self._start(partial(self.answering.tell, listener, str(error)), listener)
            return
        heard, is_awaited = asyncio.Event(), asyncio.Event()
        run = partial(
            self.commanding.run, listener, called, name=name, about=about, heard=heard.set
        )

        task = self._start(
            run, listener, is_owed=lambda: is_awaited.is_set() and not heard.is_set()
        )
        if called.path == (ASK,):
            await _until_heard(heard, task)
        is_awaited.set()  # from here on Slack shows that something comes

    def _start(
        self,
        work: Callable[[], Awaitable[object]],
        listener: Listener,
        *,
        told: str = TOO_LATE,
        is_owed: Callable[[], bool] = lambda: True,
    ) -> asyncio.Task[None]:
        """Do something that somebody waits for; `told` is said if a stop cuts it short."""

        async def carried_out() -> None:
            async with self.answering.excusing(listener, told, is_owed=is_owed):
                await work()

        return self.tasks.start(carried_out, name=f"a command in {listener.where}")

    async def _open_settings(self, listener: Listener, trigger_id: str) -> None:
        team, where = listener.team, listener.where
        if not await self.forms.open_settings(team, trigger_id, where, listener.user_id):
            await self.answering.tell(listener, NOT_OPENED)

    async def _open_question(
        self, listener: Listener, where: ConversationKey, ts: str, trigger_id: str
    ) -> None:
        told = None
        try:
            async with asyncio.timeout(IN_TIME_S):
                told = await self.commanding.asking.obstacle(listener)
        except TimeoutError:  # it is looked at again once something is asked
            logger.info("Slack did not say in time whether I am in %s", where.channel)
        if told is None and not await self.forms.open_ask(listener.team, trigger_id, where, ts):
            told = NOT_OPENED
        if told is not None:
            await self.answering.tell(listener, told)


async def _until_heard(heard: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Wait until a question is written down, or it is told why not; but not for too long.

    Raises PlatformUnavailable if it was cut short before.
    """
    hearing = asyncio.create_task(heard.wait())
    try:
        await asyncio.wait({hearing, task}, timeout=HEARD_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hearing.cancel()
    if task.cancelled() and not heard.is_set():
        raise PlatformUnavailable("a question was not written down before a stop")


def _parsed(typed: str) -> Invocation:
    """Read what was typed. A question keeps Slack's marks, which are read with names later."""
    is_question = typed.casefold().split(maxsplit=1)[0] == ASK
    return parse(typed if is_question else plain(typed))


def _presser(body: Payload, team: Team) -> Listener:
    """Say who pressed something, and where it stands: a thread is known by its first message."""
    container = part_of(body, "container")
    channel_id = text_in(part_of(body, "channel"), "id") or text_in(container, "channel_id")
    thread_ts = text_in(container, "thread_ts") or text_in(part_of(body, "message"), "thread_ts")
    is_shortcut = text_in(body, "type") == "message_action"
    where = channel_key(team.id, channel_id, thread_ts=None if is_shortcut else thread_ts or None)
    return Listener(
        team, where, text_in(part_of(body, "user"), "id"), text_in(body, "response_url")
    )


def _where_answered(where: ConversationKey, ts: str, thread_ts: str) -> ConversationKey:
    """Name the thread of a message, where a question about it is answered; a chat has none yet."""
    is_plain = is_direct(where.channel) and not thread_ts
    thread = None if is_plain else thread_ts or ts
    return replace(where, thread=thread)


def _where_seen(question: Asked) -> ConversationKey:
    """Name the place where something said to the asker alone is seen: no thread without a reply."""
    begins = question.where.thread == question.target_ts
    return replace(question.where, thread=None) if begins else question.where
