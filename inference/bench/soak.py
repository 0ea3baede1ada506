"""Load a worker as many channels would: for minutes, from empty histories, over HTTP.

Messages arrive at random moments in random conversations. As in the bot, a conversation has one
request under way; what is said meanwhile is decided together, next. A share of the messages gets a
short reply, streamed. A message whose request fails stays in the history and is part of what is
decided next.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from openai import APIError, AsyncOpenAI, RateLimitError

from inference.wire.asking import CONTINUED, Way, decision_fields
from inference.wire.chat_form import RESPONSE, SILENCE
from inference.wire.turns import Turn

if TYPE_CHECKING:
    from inference.bench.soaked import Watch

MAX_TURNS = 120  # about 3,000 tokens, within every context; then the older half is left out
WARM_UP = 1 / 3  # of the time; what memory grows by after it is told
REPLY_TOKENS = 24
SAMPLE_S = 5.0
_WORDS = [
    "well",
    "yes",
    "no",
    "shall",
    "we",
    "meet",
    "at",
    "ten",
    "the",
    "boat",
    "is",
    "new",
    "who",
    "has",
    "seen",
    "my",
    "keys",
    "it",
    "rains",
    "again",
]
_OPENED: Turn = {"role": "assistant", "content": "("}

Outcome = Literal["answered", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Load:
    """How much is said: messages a second over all conversations, for so many seconds."""

    num_conversations: int = 200
    messages_per_s: float = 5.0
    duration_s: float = 600.0
    reply_share: float = 0.02
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """The clock of a run, seconds that only grow, and how to wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True)
class Heard:
    """What came of it: latencies in seconds from the first message decided on, and outcomes."""

    num_messages: int = 0
    decisions_s: list[float] = field(default_factory=list)
    replies_s: list[float] = field(default_factory=list)
    num_refused: int = 0
    failures: list[str] = field(default_factory=list)

    def note(self, outcome: Outcome, took_s: float, *, is_reply: bool, why: str = "") -> None:
        """Count one request."""
        if outcome == "refused":
            self.num_refused += 1
        elif outcome == "failed":
            self.failures.append(why)
        else:
            (self.replies_s if is_reply else self.decisions_s).append(took_s)


@dataclass(slots=True)
class _Conversation:
    name: str
    turns: list[Turn] = field(default_factory=list)
    waiting: list[tuple[float, str, bool]] = field(
        default_factory=list
    )  # when, what, wants a reply
    is_busy: bool = False


class Soak:
    """One run against one server. `model` is the id that it serves."""

    def __init__(self, client: AsyncOpenAI, model: str, load: Load, *, pace: Pace) -> None:
        self._client = client
        self._model = model
        self._load = load
        self._pace = pace
        self._random = random.Random(load.seed)
        self._conversations = [
            _Conversation(f"soak-{number}") for number in range(load.num_conversations)
        ]
        self.heard = Heard()

    async def run(self, watch: "Watch") -> None:
        """Send all messages and wait for what is under way; `watch` is asked for samples meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch(watch))
            async with asyncio.TaskGroup() as talks:
                await self._talk(talks)
            watching.cancel()
        await watch.sample(self._load.duration_s)

    async def _talk(self, talks: asyncio.TaskGroup) -> None:
        began_s = self._pace.now()
        due_s = 0.0
        while (due_s := due_s + self._random.expovariate(self._load.messages_per_s)) < (
            self._load.duration_s
        ):
            await self._pace.sleep(max(0.0, began_s + due_s - self._pace.now()))
            conversation = self._random.choice(self._conversations)
            self._say(conversation)
            if not conversation.is_busy:
                conversation.is_busy = True
                talks.create_task(self._attend(conversation))

    def _say(self, conversation: _Conversation) -> None:
        self.heard.num_messages += 1
        text = " ".join(self._random.choices(_WORDS, k=self._random.randint(2, 16)))
        line = f"{self._random.choice(('Alice', 'Bob', 'Chiara'))}: {text}"
        wants_reply = self._random.random() < self._load.reply_share
        conversation.waiting.append((self._pace.now(), line, wants_reply))

    async def _attend(self, conversation: _Conversation) -> None:
        """Decide until nothing waits; what fails waits for the next message."""
        try:
            while conversation.waiting:
                burst, conversation.waiting = conversation.waiting, []
                if not await self._answer(conversation, burst):
                    conversation.waiting = [*burst, *conversation.waiting]
                    break
        finally:
            conversation.is_busy = False

    async def _answer(
        self, conversation: _Conversation, burst: Sequence[tuple[float, str, bool]]
    ) -> bool:
        said: Turn = {"role": "user", "content": "\n".join(line for _, line, _ in burst)}
        turns = [*conversation.turns, said]
        since_s = burst[0][0]
        fields = decision_fields([*turns, _OPENED], way=Way())
        if await self._request(conversation, fields, since_s, is_reply=False) is None:
            return False
        answer = SILENCE
        if any(wants_reply for _, _, wants_reply in burst):
            text = await self._request(
                conversation, _reply_fields(turns), self._pace.now(), is_reply=True
            )
            answer = SILENCE if text is None else f"{RESPONSE}{text}"
        turns.append({"role": "assistant", "content": answer})
        conversation.turns = turns[-MAX_TURNS // 2 :] if len(turns) > MAX_TURNS else turns
        return True

    async def _request(
        self,
        conversation: _Conversation,
        fields: dict[str, Any],
        since_s: float,
        *,
        is_reply: bool,
    ) -> str | None:
        """Give the text of the answer, None where there was none; either is counted."""
        to: dict[str, Any] = {
            "model": self._model,
            "user": conversation.name,
            "extra_headers": {"X-Session-Id": conversation.name},
        }
        try:
            answer = await self._client.chat.completions.create(**fields, **to)
            text = await _streamed(answer) if is_reply else str(answer.choices[0].message.content)
        except RateLimitError:
            self.heard.note("refused", 0.0, is_reply=is_reply)
            return None
        except APIError as error:
            self.heard.note("failed", 0.0, is_reply=is_reply, why=str(error))
            return None
        self.heard.note("answered", self._pace.now() - since_s, is_reply=is_reply)
        return text

    async def _watch(self, watch: "Watch") -> None:
        began_s = self._pace.now()
        while True:
            await watch.sample(self._pace.now() - began_s)
            await self._pace.sleep(SAMPLE_S)


def _reply_fields(turns: Sequence[Turn]) -> dict[str, Any]:
    return {
        "messages": [*turns, {"role": "assistant", "content": RESPONSE}],
        "max_tokens": REPLY_TOKENS,
        "temperature": 0,
        "stream": True,
        "extra_body": CONTINUED,
    }


async def _streamed(chunks: Any) -> str:
    parts = [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
    return "".join(parts).replace("\n", " ")
