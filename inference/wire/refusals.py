"""What to leave out of a request that a server refuses, by what its refusal names.

Pure, but for the loop that asks again. A refusal that names nothing we know is answered by leaving
out what servers most often lack; every step leaves something out for good, so it always ends.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from inference.wire.asking import CONTINUED, FEW_LOGPROBS, Way

T = TypeVar("T")

# As OpenAI and vLLM say it (maximum context length), llama-server (exceeds the available context
# size), SGLang (longer than the model's context length).
_TOO_LONG = re.compile(
    r"context.(?:length|window|size)|(?:prompt|input) is too (?:long|large)", re.I
)
_COMMON_WORDS = ("n", "stop", "user")  # only where a refusal quotes them
_EXTRAS = ("min_tokens", "repetition_penalty", "repeat_penalty")


class WayRefused(Exception):  # noqa: N818 - what the server did
    """A server did not take a request in this way, or answered it so that nothing can be read.

    `words` are the server's, or the name of the field that did not do what it should. `lasting`: it
    will never take it, so the way need not be tried again.
    """

    words: str = ""
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Understood(Generic[T]):
    """An answer, the way in which it was got, and whether to ask in that way from now on."""

    answer: T
    way: Way
    lasting: bool


async def understood(ask: Callable[[Way], Awaitable[T]], way: Way) -> Understood[T]:
    """Ask in ever simpler ways until one is taken.

    Raises the last WayRefused if none is: what the server lacks of the plainest way is what matters.
    """
    lasting = True
    while True:
        try:
            answer = await ask(way)
        except WayRefused as refused:
            lasting = lasting and refused.lasting
            simpler_way = simpler(way, refused.words)
            if simpler_way is None:
                raise
            way = simpler_way
        else:
            return Understood(answer, way, lasting)


def is_too_long(words: str) -> bool:
    """Tell whether a refusal is about the prompt's length: then nothing else in it is at fault."""
    return bool(_TOO_LONG.search(words))


def simpler(way: Way, words: str) -> Way | None:
    """Give the way without what a refusal names, or without the next best guess; None at the end."""
    named = [step for names, step in _STEPS if any(_names(words, name) for name in names)]
    for step in named or [step for _, step in _STEPS[:NUM_GUESSED]]:
        if (simpler_way := step(way)) is not None:
            return simpler_way
    return None


def _names(words: str, name: str) -> bool:
    pattern = rf"['\"`]{name}['\"`]|supplied: {name}\b" if name in _COMMON_WORDS else rf"\b{name}\b"
    return re.search(pattern, words) is not None


def _anew(way: Way) -> Way | None:
    return replace(way, continued=False) if way.continued else None


def _fewer_logprobs(way: Way) -> Way | None:
    if not way.top_logprobs:
        return None
    return replace(way, top_logprobs=FEW_LOGPROBS if way.top_logprobs > FEW_LOGPROBS else 0)


def _one_answer(way: Way) -> Way | None:
    return replace(way, num_answers=1) if way.num_answers > 1 else None


def _other_limit(way: Way) -> Way | None:
    return replace(way, limit="max_completion_tokens") if way.limit == "max_tokens" else None


def _without(*names: str) -> Callable[[Way], Way | None]:
    def leave_out(way: Way) -> Way | None:
        more = way.without | set(names)
        return replace(way, without=more) if more != way.without else None

    return leave_out


# The order is that of the guesses: first what the fewest servers know. The rest goes only by name: a
# refusal that names nothing is most often about the messages, which no way of asking changes.
NUM_GUESSED = 3
_STEPS: tuple[tuple[tuple[str, ...], Callable[[Way], Way | None]], ...] = (
    (tuple(CONTINUED), _anew),
    (_EXTRAS, _without(*_EXTRAS)),
    (("top_logprobs", "logprobs"), _fewer_logprobs),
    (("n",), _one_answer),
    (("user",), _without("user")),
    (("max_tokens",), _other_limit),
    (("temperature",), _without("temperature")),
    (("top_p",), _without("top_p")),
    (("stop",), _without("stop")),
)
