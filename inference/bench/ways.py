"""The ways of deciding and replying that are compared; here the two that run on any machine.

A way is first brought to where it stands before a message comes (`remember`, not timed), then
decides on the chats with that message, or replies to them.
"""

from collections.abc import Sequence
from typing import Protocol

from inference.bench.chats import Chat, opened_ids
from inference.bench.running import run_all
from inference.bench.subject import Subject
from inference.bench.twin import twin_of
from inference.engine import Engine
from inference.generation import Request
from inference.packed_linear import pack_weights
from inference.sampling import SamplingOptions

NUM_ARTICLE_TOKENS = 4  # what the articles' code lets the pipeline generate for a decision


class Way(Protocol):
    """One way of doing it. `label` names it to people.

    `max_chats` is how many chats tell what any number costs, where each costs the same; None where
    they have to be run together.
    """

    label: str
    max_chats: int | None

    def remember(self, chats: Sequence[Chat]) -> None:
        """Read the chats, as a decision before the message did; take back what was run since."""

    def decide(self, chats: Sequence[Chat]) -> None:
        """Decide on all chats."""

    def reply(self, chats: Sequence[Chat], num_tokens: int) -> None:
        """Write a reply of `num_tokens` tokens in each of the chats."""


class KeptPrefix:
    """Earshot's engine: runs what is new behind the kept prefix, all chats together."""

    label = "Earshot: prefix kept"
    max_chats: int | None = None

    def __init__(self, subject: Subject, *, max_cached_tokens: int) -> None:
        self._subject = subject
        # A twin: the engine changes how its model computes, and the other ways are not to gain by it.
        model = twin_of(subject.model)
        self.engine = Engine(model, subject.tokenizer, max_cached_tokens=max_cached_tokens)
        pack_weights(model)

    def remember(self, chats: Sequence[Chat]) -> None:
        """Decide on the chats as they stand, and look ahead as a worker does that nobody asks."""
        self.decide(chats)
        while self.engine.look_ahead():
            self.engine.step()

    def decide(self, chats: Sequence[Chat]) -> None:
        """Render each chat and read the logits behind it, as the worker does."""
        run_all(self.engine, [decision(self._subject, chat) for chat in chats])

    def reply(self, chats: Sequence[Chat], num_tokens: int) -> None:
        """Render each chat and generate greedily."""
        run_all(self.engine, [reply(self._subject, chat, num_tokens) for chat in chats])


def decision(subject: Subject, chat: Chat) -> Request:
    """Ask for a decision as the bot does."""
    return Request(
        prompt_ids=opened_ids(subject, chat),
        max_tokens=1,
        session=chat.session,
        sampling=SamplingOptions(temperature=0),
        top_logprobs=20,
        always_ids=subject.decision_ids,
        likely_ids=subject.likely_ids,
    )


def reply(subject: Subject, chat: Chat, num_tokens: int) -> Request:
    """Ask for a reply of that many tokens."""
    return Request(
        prompt_ids=opened_ids(subject, chat),
        max_tokens=num_tokens,
        min_tokens=num_tokens,
        session=chat.session,
        sampling=SamplingOptions(temperature=0),
    )


class ArticlesWay:
    """The articles' way: the whole chat through the text-generation pipeline, each time anew."""

    label = "articles: all anew"
    max_chats: int | None = 1

    def __init__(self, subject: Subject) -> None:
        from transformers import TextGenerationPipeline

        self._pipeline: TextGenerationPipeline = TextGenerationPipeline(  # type: ignore[no-untyped-call]
            model=twin_of(subject.model), tokenizer=subject.tokenizer
        )
        self._pad_id = subject.tokenizer.eos_token_id

    def remember(self, chats: Sequence[Chat]) -> None:
        """Keep nothing."""

    def decide(self, chats: Sequence[Chat]) -> None:
        """Render and run each chat, up to 4 new tokens."""
        for chat in chats:
            self._run(chat, max_new_tokens=NUM_ARTICLE_TOKENS)

    def reply(self, chats: Sequence[Chat], num_tokens: int) -> None:
        """Render and run each chat, then generate greedily."""
        for chat in chats:
            self._run(chat, max_new_tokens=num_tokens, min_new_tokens=num_tokens)

    def _run(self, chat: Chat, **limits: int) -> None:
        self._pipeline(
            [dict(turn) for turn in chat.turns],
            do_sample=False,
            pad_token_id=self._pad_id,
            return_full_text=False,
            **limits,
        )
