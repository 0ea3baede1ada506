"""Replays a conversation file through the real pipeline: every message decided on, nothing posted.

Each message is its own turn, all turns are ambient, and the clock is the file's: the time a message
carries, or one minute after the last.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.errors import ModelError
from bot.judge import Considered, Judge
from bot.messages import (
    Action,
    Author,
    ConversationKey,
    Decision,
    KeptDecision,
    Message,
    OutboxItem,
    OutboxStatus,
    Rule,
)
from bot.platforms.local import WORKSPACE
from bot.ports import Model
from bot.store import Store
from bot.writer import Writer
from inference.wire.conversation_file import FileConversation, FileMessage

PLATFORM = "replay"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one message. `index` counts all messages of its conversation from 0."""

    conversation: str
    index: int
    name: str
    text: str
    decision: Decision
    reply: str | None


class ReplayPlatform:
    """A platform on which nobody reads: replies go to the history alone."""

    name = PLATFORM

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give the conversation itself: there every reply stands."""
        return where

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        """Show nothing."""
        yield

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show nothing."""

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        """Post nothing; the message id is the item's key."""
        return item.key

    async def withdraw(self, item: OutboxItem) -> None:
        """Remove nothing."""

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        """Remove nothing."""

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Say nothing."""

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Mark nothing."""


class Replay:
    """Replays conversations one after the other over one store and one model.

    With `own_history` the model's own replies become the history, otherwise the file's assistant
    turns do. Without `with_replies` no reply is written (and own history is not possible).
    """

    def __init__(
        self,
        *,
        store: Store,
        model: Model,
        me: Author,
        own_history: bool,
        with_replies: bool = True,
    ) -> None:
        self._now = BEGINNING
        self._store = store
        self._me = me
        self._own_history = own_history
        self._with_replies = with_replies
        self._judge = Judge(store, model, me, lambda: self._now, max_age_s=60.0)
        self._writer = Writer(model, me)

    async def conversation(self, file: FileConversation) -> AsyncGenerator[Replayed]:
        """Give what became of each message of a person, in order. Raises StoreError."""
        where = ConversationKey(PLATFORM, WORKSPACE, f"{file.line}:{file.id}")
        self._now = BEGINNING
        for index, message in enumerate(file.messages):
            self._now = message.at or self._now + STEP
            if message.name is None:
                continue
            considered = await self._decide(where, index, message)
            decision, reply = await self._reply(considered)
            said = reply if self._own_history else _answer(file.messages, index)
            if said:
                await self._keep_reply(considered, said)
            yield Replayed(file.id, index, message.name, message.content, decision, reply)

    async def _decide(self, where: ConversationKey, index: int, message: FileMessage) -> Considered:
        name = message.name or ""
        author = Author(f"person:{name}", name)
        sent = Message(where, str(index), author, message.content, self._now)
        await self._store.messages.record(sent)
        considered = await self._judge.consider(where)
        assert considered is not None  # noqa: S101 - it was recorded just now, and so it waits
        return considered

    async def _reply(self, considered: Considered) -> tuple[Decision, str | None]:
        decision = considered.kept.decision
        if decision.action is not Action.SPEAK or not self._with_replies:
            return decision, None
        try:
            return decision, await self._writer.write(considered, self._item(considered, ""))
        except ModelError as error:
            reason = f"no reply: {error}"
            failed = replace(decision, action=Action.FAILED, rule=Rule.MODEL_FAILED, reason=reason)
            return failed, None

    async def _keep_reply(self, considered: Considered, text: str) -> None:
        item = self._item(considered, text)
        await self._store.outbox.add(item)
        await self._store.outbox.posted(
            item.key, message_id=item.key, author=self._me, at=self._now
        )

    def _item(self, considered: Considered, text: str) -> OutboxItem:
        return OutboxItem(
            key=f"replay-{considered.kept.id}",
            conversation=considered.where,
            decision_id=considered.kept.id,
            reply_to=considered.kept.message_id,
            text=text,
            status=OutboxStatus.PENDING,
            created_at=self._now,
        )


def _answer(messages: Sequence[FileMessage], index: int) -> str:
    """Give what the assistant says in the file right after a message, "" if it stays silent."""
    answers = []
    for message in messages[index + 1 :]:
        if not message.from_assistant:
            break
        answers.append(message.content)
    return "\n".join(answers)
