"""Questions asked by a command or about a message: they go down the path of messages.

The platform posts the reply as it posts any other. Why there is none, only the asker sees.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.commands import Caller
from bot.errors import StoreError
from bot.messages import ASKED, ConversationKey, Message
from bot.pipeline import Pipeline
from bot.platforms.asking import ANSWERED_WITH_NEXT, TOO_LATE, Fate, about_own, fate_of, received
from bot.platforms.slack.answering import Answering, Listener
from bot.platforms.slack.hearing import is_ours, names_in, words
from bot.platforms.slack.keys import is_direct, is_ts
from bot.platforms.slack.lenient import Payload, parts_of, text_in
from bot.platforms.slack.managing import Managing
from bot.platforms.slack.refusals import FAILURES, cause
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

CALL_TIMEOUT_S = 10.0
PATIENCE_S = 25 * 60.0  # the address of an interaction takes answers for 30 minutes
AGAIN_EVERY_S = 15.0  # a question that is still to be decided is looked at again
NUM_LOOKED_AT = 50  # the newest messages, among which the reply must be

INVITE = "I'm not in this channel, so I can't answer here. Invite me first: /invite @{name}"
NOT_OURS = "I can't answer in a chat that I'm not part of. Ask me in a direct message to me."


def nothing() -> None:
    """Do nothing."""


class Receive(Protocol):
    """Hears a question."""

    async def __call__(self, question: Message, team: Team) -> bool:
        """Tell whether it is new, and not said where nothing is recorded. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """Sends questions down the path of messages.

    `receive` hears a question in its turn, as `Pipeline.receive` does; `record` records a message as
    Slack gives it, if it is new; `settled` waits until nothing of a conversation is left to decide.
    """

    pipeline: Pipeline
    answering: Answering
    managing: Managing
    receive: Receive
    record: Callable[[Payload, ConversationKey, Team], Awaitable[object]]
    settled: Callable[[ConversationKey], Awaitable[None]]
    patience_s: float = PATIENCE_S
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def obstacle(self, listener: Listener) -> str | None:
        """Say why a question cannot be answered there; None if it can, as far as anybody knows."""
        channel = listener.where.channel
        if await self.managing.is_in(listener.team, channel) is not False:
            return None
        return NOT_OURS if is_direct(channel) else INVITE.format(name=self.pipeline.me.name)

    async def ask(  # noqa: PLR0913 - each is named in the call
        self,
        listener: Listener,
        caller: Caller,
        text: str,
        *,
        name: str,
        about: str | None = None,
        heard: Callable[[], None] = nothing,
    ) -> None:
        """Ask, and say so if nothing will come.

        `name` tells this question from every other, however often it is delivered; `about` is the
        time stamp of the message that it is about, for which it was typed into a form: such a text
        has none of Slack's marks. `heard` is called once it is written down.
        """
        if (obstacle := await self.obstacle(listener)) is not None:
            await self.answering.tell(listener, obstacle)
            return
        question = await self._question(listener, caller, text, name, about)
        receive = partial(self.receive, team=listener.team)
        is_new, excuse = await received(question, receive, self.pipeline.store)
        heard()
        if is_new:
            excuse = await self._waited(question)
        if excuse is not None:
            await self.answering.tell(listener, excuse)

    async def _question(
        self, listener: Listener, caller: Caller, text: str, name: str, about: str | None
    ) -> Message:
        """Make the message that the pipeline hears. It points at what is asked about."""
        own = ""
        if about is not None:
            about, own = await self._recorded(listener.team, caller.where, about)
        else:
            text = await self.managing.read(text, listener.team)
        return Message(
            conversation=caller.where,
            id=f"{ASKED}{name}",
            author=caller.author,
            text=text,
            sent_at=caller.now,
            addressed=True,
            reply_to=about,
            attachments=about_own(own),
        )

    async def _recorded(self, team: Team, where: ConversationKey, ts: str) -> tuple[str, str]:
        """Give the id under which the history has a message; it is recorded now if it is new.

        Also the words, if they are the assistant's own and no part of the history.
        """
        store, own = self.pipeline.store, ""
        try:
            message_id = (await store.outbox.parts_of(where, ts))[0]
            if await store.messages.find(where, message_id) is None:
                own = await self._record(team, where, message_id)
        except StoreError as error:
            logger.warning("what a question in %s is about is not known: %s", where, error)
            return ts, own
        return message_id, own

    async def _record(self, team: Team, where: ConversationKey, ts: str) -> str:
        """Record a message of the channel; what a thread hangs on the thread itself sees to.

        The assistant's own is not recorded: gives its words.
        """
        if ts == where.thread or not is_ts(ts):
            return ""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                said = await _fetched(team, where, ts)
        except FAILURES as error:
            logger.warning("the message %s in %s cannot be read: %s", ts, where, cause(error))
            return ""
        if said is None:
            return ""
        if is_ours(said, team):
            return words(said, await names_in(said, team, self.managing.people))
        await self.record(said, where, team)
        return ""

    async def _waited(self, question: Message) -> str | None:
        """Wait for what becomes of a question; gives what to say if nothing tells it already."""
        try:
            async with asyncio.timeout(self.patience_s):
                await self.settled(question.conversation)
                while (fate := await fate_of(question, self.pipeline.store)) is Fate.UNDECIDED:
                    await self.sleep(AGAIN_EVERY_S)
        except TimeoutError:
            return TOO_LATE
        if fate is Fate.ANSWERED:
            return await self._where_answered(question)
        return None if fate is Fate.TOLD else TOO_LATE

    async def _where_answered(self, question: Message) -> str | None:
        """Say so if the reply stands under somebody else's words."""
        messages = self.pipeline.store.messages
        try:
            asked = await messages.find(question.conversation, question.id)
            said = await messages.recent(question.conversation, limit=NUM_LOOKED_AT)
        except StoreError:
            return None
        replies = [
            entry.reply_to
            for entry in said
            if entry.from_assistant and asked and entry.decision_id == asked.decision_id
        ]
        return ANSWERED_WITH_NEXT if replies and question.id not in replies else None


async def _fetched(team: Team, where: ConversationKey, ts: str) -> Payload | None:
    """Fetch one message as Slack has it now; None where it is gone. Raises what slack_sdk raises."""
    if where.thread is None:
        told = await team.client.conversations_history(
            channel=where.channel, oldest=ts, latest=ts, inclusive=True, limit=1
        )
    else:
        told = await team.client.conversations_replies(
            channel=where.channel,
            ts=where.thread,
            oldest=ts,
            latest=ts,
            inclusive=True,
            limit=2,  # the first is what the thread hangs on
        )
    messages = parts_of({"messages": told.get("messages")}, "messages")
    said = next((each for each in messages if text_in(each, "ts") == ts), None)
    return None if said is None else {**said, "channel": where.channel}
