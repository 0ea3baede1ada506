"""The path of a message: recorded, put to the model, decided, and only then perhaps answered.

    receive -> record -> settle -> recent -> prompt -> score -> decide -> write -> outbox -> post

Knows one platform and one model by their ports. Addressed messages never vanish: where no reply can
be given, a notice is. A failure is kept as a failure, never as silence.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.conversations import Conversations
from bot.errors import ModelError, PlatformError
from bot.judge import Considered, Judge
from bot.messages import (
    Action,
    Author,
    ConversationKey,
    Decision,
    Message,
    Mode,
    OutboxItem,
    OutboxStatus,
    Rule,
)
from bot.ports import Model, Platform
from bot.settle import Settling
from bot.store import Store
from bot.writer import Writer

logger = logging.getLogger(__name__)

CANNOT_THINK = "I can't think right now. Please try again in a minute."
NO_ANSWER = "I have no answer to that."
LISTENING = "I'm only listening here. A manager can change that with /assistant mode."
OPTED_OUT = "You have opted out, so I don't read your messages. /assistant privacy optin undoes it."


def new_key() -> str:
    """Give an outbox key: 24 hex digits, since Discord's nonce holds 25 characters."""
    return secrets.token_hex(12)


async def _at_once() -> None:
    """Wait for nothing."""


@dataclass(slots=True)
class Pipeline:
    """Runs the messages of one platform through one model.

    `clock` gives aware UTC times. A burst older than `max_age_s` is recorded, never answered.
    Decisions wait for `ready`, so that what is said while the model loads is decided on after it.
    """

    store: Store
    model: Model
    platform: Platform
    me: Author
    clock: Callable[[], datetime]
    settling: Settling = field(default_factory=Settling)
    max_age_s: float = 300.0
    ready: Callable[[], Awaitable[None]] = _at_once
    conversations: Conversations = field(init=False)
    judge: Judge = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        """Make the parts that need the same store and model."""
        self.conversations = Conversations(self.respond, settling=self.settling)
        self.judge = Judge(self.store, self.model, self.me, self.clock, self.max_age_s)
        self.writer = Writer(self.model, self.platform, self.me)

    async def receive(self, message: Message) -> bool:
        """Record a message and see to it that it is decided on.

        False: seen before, the assistant's own, or said in a channel that records nothing. Raises
        StoreError if it could not be recorded.
        """
        if message.author.id == self.me.id:
            return False
        where = message.conversation
        settings = await self.store.channels.settings(where)
        if settings.mode is Mode.OFF or not await self.store.messages.record(message):
            return False
        if message.addressed and await self._has_opted_out(message):
            await self._notify(where, OPTED_OUT, reply_to=message.id)
        self.conversations.wake(where, addressed=message.addressed)
        return True

    async def edit(self, where: ConversationKey, message_id: str, text: str) -> bool:
        """Take over an edit; the next prompt has the new text. False: unknown or unchanged."""
        return await self.store.messages.edit(where, message_id, text, at=self.clock())

    async def delete(self, where: ConversationKey, message_id: str) -> bool:
        """Forget a message's text; a reply to it in the making is withdrawn. False: unknown."""
        return await self.store.messages.delete(where, message_id, at=self.clock())

    async def resume(self) -> None:
        """Take up what a stop left behind: replies not posted, messages not decided on."""
        for item in await self.store.outbox.pending(self.platform.name):
            if self.clock() - item.created_at > timedelta(seconds=self.max_age_s):
                await self.store.outbox.withdraw(item.key)
            else:
                await self.post(item)
        for where in await self.store.messages.waiting(self.platform.name):
            self.conversations.wake(where, addressed=False)

    async def respond(self, where: ConversationKey) -> None:
        """Decide on what waits in a conversation, and carry the decision out."""
        await self.ready()
        considered = await self.judge.consider(where)
        if considered is None:
            return
        await self._tell(considered)
        if considered.kept.decision.action is Action.SPEAK:
            await self._speak(considered)
        elif considered.is_addressed:
            await self._excuse(considered)

    async def post(self, item: OutboxItem) -> None:
        """Post what stands in the outbox; once posted, it is part of the history."""
        try:
            message_id = await self.platform.post(item)
        except PlatformError:
            logger.exception("a reply in %s could not be posted", item.conversation)
            await self.store.outbox.fail(item.key)
            return
        await self.store.outbox.posted(
            item.key, message_id=message_id, author=self.me, at=self.clock()
        )

    async def _speak(self, considered: Considered) -> None:
        draft = self._draft(considered)
        try:
            async with self.platform.typing(considered.where):
                text = await self.writer.write(considered, draft)
            changed = await self.judge.reconsider(considered) if text else _wordless(considered)
        except ModelError as error:
            logger.warning("no reply in %s: %s", considered.where, error)
            changed = replace(
                considered.kept.decision,
                action=Action.FAILED,
                rule=Rule.MODEL_FAILED,
                reason="the model failed while it wrote the reply",
            )
        if changed is not None:
            await self._take_back(considered, draft, changed)
            return
        item = await self.store.outbox.add(
            considered.where,
            key=draft.key,
            decision_id=draft.decision_id,
            reply_to=draft.reply_to,
            text=text,
            at=self.clock(),
        )
        await self.post(item)

    def _draft(self, considered: Considered) -> OutboxItem:
        asked = [entry for entry in considered.burst if entry.addressed] or considered.burst
        return OutboxItem(
            key=new_key(),
            conversation=considered.where,
            decision_id=considered.kept.id,
            reply_to=asked[-1].id,
            text="",
            status=OutboxStatus.PENDING,
            created_at=self.clock(),
        )

    async def _take_back(
        self, considered: Considered, draft: OutboxItem, changed: Decision
    ) -> None:
        kept = await self.store.decisions.revise(considered.kept.id, changed)
        await self.platform.withdraw(draft)
        considered = replace(considered, kept=kept)
        await self._tell(considered)
        if considered.is_addressed:
            await self._excuse(considered)

    async def _excuse(self, considered: Considered) -> None:
        """Say why an addressed message gets no reply."""
        decision = considered.kept.decision
        if decision.rule is Rule.EMPTY_REPLY:
            text = NO_ANSWER
        elif decision.action is Action.FAILED:
            text = CANNOT_THINK
        elif decision.rule is Rule.MODE:
            text = LISTENING
        else:
            return
        await self._notify(considered.where, text, reply_to=considered.kept.message_id)

    async def _tell(self, considered: Considered) -> None:
        await self.platform.decided(
            considered.where, considered.kept, [entry.id for entry in considered.burst]
        )

    async def _notify(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        try:
            await self.platform.notice(where, text, reply_to=reply_to)
        except PlatformError:
            logger.exception("a notice in %s could not be posted", where)

    async def _has_opted_out(self, message: Message) -> bool:
        where = message.conversation
        return await self.store.speakers.is_opted_out(
            where.platform, where.workspace, message.author.id
        )


def _wordless(considered: Considered) -> Decision:
    """The model had nothing to say: silence for an ambient message, a failure for an addressed one."""
    action = Action.FAILED if considered.is_addressed else Action.SILENT
    return replace(
        considered.kept.decision,
        action=action,
        rule=Rule.EMPTY_REPLY,
        reason="the model wrote an empty reply",
    )
