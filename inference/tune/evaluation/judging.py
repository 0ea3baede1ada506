"""What a judge of decisions offers, and how its scores become the decisions of a file. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from inference.tune.evaluation.files import Conversations
from inference.tune.evaluation.window import Shown
from inference.tune.metrics import FileDecisions, Judged, JudgedConversation
from inference.wire.chat_form import ChatForm

Advance = Callable[[int], None]


class Judge(Protocol):
    """A model that gives P(speak): on this machine, or behind a URL.

    `label` names it; `notes` are what a reader of its figures must know, complete when it has judged.
    """

    label: str
    form: ChatForm
    notes: list[str]

    def scores(self, conversations: Sequence[Shown], advance: Advance) -> list[list[float]]:
        """Give P(speak) of each burst of each conversation; `advance` hears how many are done.

        Raises InferenceError.
        """


def judged(conversations: Conversations, scores: Sequence[Sequence[float]]) -> FileDecisions:
    """Put scores and what was decided on together."""
    return FileDecisions(
        conversations.name,
        tuple(_judged(shown, of) for shown, of in zip(conversations.shown, scores, strict=True)),
    )


def _judged(shown: Shown, scores: Sequence[float]) -> JudgedConversation:
    bursts = shown.bursts(0, len(shown))
    decisions = tuple(
        Judged(
            score,
            "\n".join(f"{line.name}: {line.text}" for line in burst.lines),
            shown.names_assistant(burst),
            burst.reply,
        )
        for score, burst in zip(scores, bursts, strict=True)
    )
    return JudgedConversation(shown.conversation.id, shown.conversation.line, decisions)


def with_scores(file: FileDecisions, scores: Sequence[Sequence[float]]) -> FileDecisions:
    """Give the same decisions as another judge takes them."""
    return replace(
        file,
        conversations=tuple(
            replace(
                conversation,
                decisions=tuple(
                    replace(decided, score=score)
                    for decided, score in zip(conversation.decisions, of, strict=True)
                ),
            )
            for conversation, of in zip(file.conversations, scores, strict=True)
        ),
    )
