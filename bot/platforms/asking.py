"""What becomes of a question that a command asked, on whatever platform: heard, answered, or not.

Such a question goes down the path of messages. Whoever asked it looks at one place for the answer,
and hears in fixed words why there is none.
"""

import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from bot.commands.dispatch import STORE_FAILED
from bot.commands.parse import clipped
from bot.errors import StoreError
from bot.messages import Action, Message, Rule
from bot.store import Store

logger = logging.getLogger(__name__)

NOT_HEARD = "I don't read along here right now, so I can't answer."
ANSWERED_WITH_NEXT = "I answered this together with what was said next."
TOO_LATE = "I didn't get to this in time. Please ask again."
MAX_OWN_CHARS = 300  # of its own words in a question; a prompt is small


def about_own(words: str) -> tuple[str, ...]:
    """Tell which words of the assistant's a question is about, where the history has them not.

    A greeting or the answer to a command is no part of any conversation that a model reads.
    """
    flat = clipped(words, MAX_OWN_CHARS)
    return (f'about a message of the assistant: "{flat}"',) if flat else ()


class Fate(Enum):
    """What became of a question. Told: it got no reply but a notice that says why."""

    UNDECIDED = auto()
    FORGOTTEN = auto()
    ANSWERED = auto()
    PASSED_OVER = auto()
    TOLD = auto()


async def received(
    question: Message, receive: Callable[[Message], Awaitable[bool]], store: Store
) -> tuple[bool, str | None]:
    """Hand a question on: whether it is new, and what to say if nobody will answer it.

    One that was seen before is answered by whoever saw it.
    """
    try:
        if await receive(question):
            return True, None
        seen = await store.messages.find(question.conversation, question.id)
    except StoreError:
        logger.exception("a question in %s was not heard", question.conversation)
        return False, STORE_FAILED
    return False, None if seen else NOT_HEARD


async def fate_of(question: Message, store: Store) -> Fate:
    """Look up what became of a question; undecided where the history cannot be read."""
    try:
        entry = await store.messages.find(question.conversation, question.id)
        if entry is None or entry.decision_id is None:
            return Fate.FORGOTTEN if entry is None else Fate.UNDECIDED
        kept = (await store.decisions.by_id([entry.decision_id])).get(entry.decision_id)
    except StoreError as error:
        logger.warning("nobody knows what became of a question: %s", error)
        return Fate.UNDECIDED
    if kept is None:
        return Fate.PASSED_OVER
    if kept.decision.action is Action.SPEAK:
        return Fate.ANSWERED
    is_told = kept.decision.action is Action.FAILED or kept.decision.rule is Rule.MODE
    return Fate.TOLD if is_told else Fate.PASSED_OVER
