"""The two places where Earshot can be extended: a chat platform, and a model.

Each Protocol has several implementations: Discord, Slack, the room, the terminal and the replay are
platforms; an OpenAI-compatible server and the fakes of the tests are models.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bot.messages import ConversationKey, KeptDecision, OutboxItem
from inference.wire.chat_form import ChatForm
from inference.wire.turns import Turn


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the model server says of its model. `max_prompt_tokens` leaves room for a reply.

    `num_levels` is how many steps P(speak) has between 0 and 1 where the server tells no
    probabilities; None if it can be any number.
    """

    id: str
    adapter: str | None
    form: ChatForm
    max_prompt_tokens: int
    num_levels: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """P(speak) in 0..1, and the exact length of the prompt it was read from."""

    p_speak: float
    num_prompt_tokens: int


class Model(Protocol):
    """Decides and replies. Every method raises ModelUnavailable or ModelRefused."""

    async def card(self) -> ModelCard:
        """Describe the model; asks the server once and after every failure."""
        ...

    async def score(self, turns: Sequence[Turn], *, session: str) -> Score:
        """Read P(speak) off turns made by `decision_turns`.

        `session` names the conversation, so that its prefix is cached and routed together.
        """
        ...

    def reply(self, turns: Sequence[Turn], *, session: str) -> AsyncGenerator[str]:
        """Stream a reply to turns made by `reply_turns`, piece by piece as the server sends it."""
        ...


class Platform(Protocol):
    """Puts Earshot's words where people read them. Every method may raise PlatformError."""

    @property
    def name(self) -> str:
        """The platform part of its conversation keys."""
        ...

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        """Give where a reply to a message stands: the conversation itself, or the thread below it.

        Who asks in places of their own is answered there, one by one.
        """
        ...

    def typing(self, where: ConversationKey) -> AbstractAsyncContextManager[None]:
        """Show in the place of a reply that it is on its way, until the context ends."""
        ...

    async def draft(self, item: OutboxItem, text: str) -> None:
        """Show the text written so far; called only for addressed turns. May do nothing."""
        ...

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        """Post `item.text` and give the platform's message id.

        Posting the same `item.key` twice posts once, whichever process did it before. `is_new`: nobody
        tried before, and nothing stands there but what `draft` showed. Raises PlatformRemoved if
        somebody deleted what stood there of it already.
        """
        ...

    async def withdraw(self, item: OutboxItem) -> None:
        """Remove what `draft` showed."""
        ...

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete messages of the assistant, such as a reply whose question is gone.

        One that is gone already is no error.
        """
        ...

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        """Tell people something that is not a reply of the model, such as that it cannot think."""
        ...

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        """Hear what was decided about these messages, the last of which it falls on. May do nothing."""
        ...
