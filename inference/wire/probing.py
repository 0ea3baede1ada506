"""What a model server can do, found out by asking it about a small chat, and how to ask it best.

Knows the wire and nothing of HTTP: whoever probes gives a function that asks. At most five short
requests where the server refuses nothing, usually two.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from inference.wire.answers import Completion
from inference.wire.asking import NUM_VOTES, Way, opened, score_of
from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm
from inference.wire.refusals import WayRefused, understood
from inference.wire.score import BegunAnew
from inference.wire.turns import Burst, Line, Turn, decision_turns

Ask = Callable[[Way, Sequence[Turn]], Awaitable[Completion]]
Continues = Literal["yes", "refused", "ignored", "unneeded"]

SAMPLE = (
    Burst((Line("Ann", "I am back at five, Ben."),)),
    Burst((Line("Ben", "fine, see you then"),)),
)
# "(" is one token, or none where it melts into what stands before it. An answer that is closed and
# followed by another has that, an end and a beginning: at least 4 in templates that mark both.
MAX_TOKENS_OPENED = 1
MIN_TOKENS_CLOSED = 4


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server can do.

    `way` is the best way to ask it. `continues` says whether it goes on from an opened answer, and
    if not why. `num_logprobs` is how many alternatives a token came with. `follows`: the answer to
    the sample chat began with a marker.
    """

    way: Way
    continues: Continues
    num_logprobs: int
    counts_tokens: bool
    follows: bool

    @property
    def num_levels(self) -> int | None:
        """How many steps P(speak) has between 0 and 1; None if it can be any number."""
        return None if self.way.top_logprobs else self.way.num_answers


# Our own worker: it needs no probe.
OWN_WORKER = Abilities(Way(), "yes", Way().top_logprobs, counts_tokens=True, follows=True)


async def probe(ask: Ask, form: ChatForm) -> Abilities:
    """Find out what a server can do. Raises WayRefused if it takes no request in any way.

    It is first asked plainly, so that what it refuses of that is known before the rest is tried.
    """
    turns = decision_turns(form, SAMPLE)
    plain = await understood(lambda way: ask(way, turns), Way(continued=False))
    way, answer = plain.way, plain.answer
    if not answer.num_logprobs:
        way = await _by_words(ask, turns, replace(way, top_logprobs=0))
    continues = await _continues(ask, turns, way, form=form, plain=answer)
    return Abilities(
        way=replace(way, continued=continues == "yes"),
        continues=continues,
        num_logprobs=answer.num_logprobs,
        counts_tokens=answer.usage is not None,
        follows=_begins_with_marker(answer.text),
    )


async def _by_words(ask: Ask, turns: Sequence[Turn], way: Way) -> Way:
    """Have several answers drawn where the server draws them in one request."""
    votes = replace(way, num_answers=NUM_VOTES)
    try:
        answer = await ask(votes, turns)
    except WayRefused:
        return way
    return votes if len(answer.choices) == NUM_VOTES else way


async def _continues(
    ask: Ask, turns: Sequence[Turn], way: Way, *, form: ChatForm, plain: Completion
) -> Continues:
    """Tell whether the server goes on from an opened answer: by its token counts, else by its words.

    Many servers pass over fields that they do not know, and begin a new answer.
    """
    if not opened(turns):
        return "unneeded"
    way = replace(way, continued=True)
    try:
        answer = await ask(way, turns)
    except WayRefused:
        return "refused"
    if answer.usage is not None and plain.usage is not None:
        num_more = answer.usage.prompt_tokens - plain.usage.prompt_tokens
        if num_more >= MIN_TOKENS_CLOSED:
            return "ignored"
        if 0 <= num_more <= MAX_TOKENS_OPENED:
            return "yes"
    try:
        score_of(answer, turns, form=form, way=way)
    except (BegunAnew, ValueError):
        return "ignored"
    return "yes"


def _begins_with_marker(text: str) -> bool:
    said = text.strip().casefold()
    return bool(said) and any(
        said.startswith(marker) or marker.startswith(said) for marker in (SILENCE, RESPONSE)
    )
