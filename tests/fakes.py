"""Fakes of the two ports, shared by the tests: a model with scripted answers, a platform that notes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.messages import ConversationKey, KeptDecision, OutboxItem
from bot.ports import ModelCard, Score
from inference.wire.chat_form import ChatForm
from inference.wire.turns import Turn

FORM = ChatForm(decide_prompt="You are {name}. Answer (silence) or (response). {persona}")


@dataclass
class FakeModel:
    """Scores by a function of the last user turn's text, replies with a fixed text in pieces.

    Set `failure` to make every call raise it. `asked` keeps the turns of each call.
    """

    p_speak: Callable[[str], float] = lambda text: 0.9 if "?" in text else 0.1
    reply_text: str = "Paris."
    form: ChatForm = FORM
    max_prompt_tokens: int = 2048
    failure: Exception | None = None
    asked: list[list[Turn]] = field(default_factory=list)
    before_reply: Callable[[], object] | None = None
    adapter: str | None = None

    async def card(self) -> ModelCard:
        if self.failure:
            raise self.failure
        return ModelCard("fake", self.adapter, self.form, self.max_prompt_tokens)

    async def score(self, turns: Sequence[Turn], *, session: str) -> Score:
        if self.failure:
            raise self.failure
        self.asked.append(list(turns))
        user = [turn["content"] for turn in turns if turn["role"] == "user"]
        num_tokens = sum(len(turn["content"].split()) + 4 for turn in turns)
        return Score(self.p_speak(user[-1]), num_tokens)

    async def reply(self, turns: Sequence[Turn], *, session: str) -> AsyncIterator[str]:
        if self.failure:
            raise self.failure
        self.asked.append(list(turns))
        for piece in self.reply_text.split(" "):
            yield piece if piece == self.reply_text.split(" ")[0] else f" {piece}"
        if self.before_reply:
            result = self.before_reply()
            if hasattr(result, "__await__"):
                await result


@dataclass
class PausingModel(FakeModel):
    """Writes the half of its reply before "|", then waits until it `may_go_on`."""

    is_writing: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def reply(self, turns: Sequence[Turn], *, session: str) -> AsyncIterator[str]:
        self.asked.append(list(turns))
        first, _, rest = self.reply_text.partition("|")
        yield first
        self.is_writing.set()
        await self.may_go_on.wait()
        if rest:
            yield rest


@dataclass
class FakePlatform:
    """A platform that remembers what it was told; set `failure` to make posting fail.

    `tries` tells of each post whether it was called the first of its reply.
    """

    name: str = "room"
    posts: list[str] = field(default_factory=list)
    tries: list[bool] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    decisions: list[tuple[KeptDecision, tuple[str, ...]]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    posted_keys: dict[str, str] = field(default_factory=dict)
    failure: Exception | None = None
    cannot_withdraw: Exception | None = None

    async def place(self, where: ConversationKey, reply_to: str) -> ConversationKey:
        return where

    @asynccontextmanager
    async def typing(self, where: ConversationKey) -> AsyncIterator[None]:
        self.events.append("typing")
        yield
        self.events.append("typing ends")

    async def draft(self, item: OutboxItem, text: str) -> None:
        self.drafts.append(text)

    async def post(self, item: OutboxItem, *, is_new: bool = False) -> str:
        self.tries.append(is_new)
        if self.failure:
            raise self.failure
        if item.key not in self.posted_keys:
            self.posted_keys[item.key] = f"reply-{item.key}"
            self.posts.append(item.text)
            self.events.append(f"post {item.text}")
        return self.posted_keys[item.key]

    async def withdraw(self, item: OutboxItem) -> None:
        if self.cannot_withdraw:
            raise self.cannot_withdraw
        self.withdrawn.append(item.key)

    async def remove(self, where: ConversationKey, message_ids: Sequence[str]) -> None:
        if self.failure:
            raise self.failure
        self.removed += message_ids

    async def notice(self, where: ConversationKey, text: str, *, reply_to: str | None) -> None:
        self.notices.append(text)

    async def decided(
        self, where: ConversationKey, decision: KeptDecision, message_ids: Sequence[str]
    ) -> None:
        self.decisions.append((decision, tuple(message_ids)))
        self.events.append(f"decided {decision.decision.action}")
