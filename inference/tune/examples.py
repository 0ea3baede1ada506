"""Conversations as token ids with a loss weight for each: exact, built turn by turn.

    user: Ana: assistant, capital of Peru?      weight 0, or `other` with loss on everything
    assistant: (                                `marker`
               response                         `speak`: the decision, where the markers part
               )                                `marker`
               Lima.<end of turn>               `reply`
    user: Ben: thx                              0
    assistant: ( sil ence )<end of turn>        `marker`, `silence` at the decision

The ids are what serving renders, to the last one: every boundary is found by rendering the turns up
to it with the serving code, never by looking for a string. Pure, given a renderer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.errors import TuneRefused
from inference.render import Renderer
from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm
from inference.wire.turns import Burst, Turn, settled_turns

MAX_BEFORE_END = 2  # tokens: Llama 2's template writes a space before its end token
# Tokens that an end may share with what follows it: Llama 3's vocabulary has ")\n" as one.
MAX_GROWN = 4


class NotAppendOnly(TuneRefused):
    """A template that rewrites what stands when a turn is added; it cannot be trained on."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """What learning each kind of token counts for.

    `speak` and `silence` weigh the one token that decides; `marker` the rest of a marker and the
    end of a silent turn, which are soon known by heart; `reply` the words of a reply; `other`
    everything else.
    """

    speak: float = 3.0
    silence: float = 1.0
    marker: float = 0.05
    reply: float = 0.2
    other: float = 0.0


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision in an example: the logits at `position` tell it.

    `burst` counts from 0; its turns end before the token at `end`.
    """

    position: int
    speaks: bool
    burst: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids, the loss weight of each (of predicting it from those before), the decisions."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    decisions: tuple[Decided, ...]


def conversation_example(  # noqa: PLR0913 - what it is made of, and what it counts for
    renderer: Renderer,
    form: ChatForm,
    bursts: Sequence[Burst],
    *,
    weights: LossWeights,
    persona: str = "",
    num_context: int = 0,
) -> Example:
    """Give a settled conversation as one example.

    The first `num_context` bursts are there to be read: they carry no loss and no decision. Raises
    NotAppendOnly if the template rewrites earlier turns, ValueError without bursts.
    """
    turns = settled_turns(form, bursts, persona=persona)
    ids = renderer.render(turns, add_generation_prompt=False)
    loss = [weights.other] * len(ids)
    loss[0] = 0.0  # nothing stands before it
    decisions = []
    answers = (index for index, turn in enumerate(turns) if turn["role"] == "assistant")
    for number, (index, burst) in enumerate(zip(answers, bursts, strict=True)):
        answer = _answer(renderer, form, turns[: index + 1], ids)
        if number < num_context:
            loss[: answer.end] = [0.0] * answer.end
            continue
        reply_weight = weights.marker if burst.reply is None else weights.reply
        loss[answer.begin : answer.parting] = [weights.marker] * (answer.parting - answer.begin)
        loss[answer.parting] = weights.silence if burst.reply is None else weights.speak
        for position in range(answer.parting + 1, answer.end):
            loss[position] = weights.marker if position < answer.reply else reply_weight
        speaks = burst.reply is not None
        decisions.append(Decided(answer.parting - 1, speaks, number, answer.end))
    return Example(tuple(ids), tuple(loss), tuple(decisions))


@dataclass(frozen=True, slots=True)
class _Answer:
    """Where an answer lies in the ids.

    `begin` is its first token, `parting` the one that decides, `reply` the first behind the marker,
    and `end` stands behind the token that ends the turn.
    """

    begin: int
    parting: int
    reply: int
    end: int


def _answer(renderer: Renderer, form: ChatForm, turns: list[Turn], ids: list[int]) -> _Answer:
    """Find the last turn of `turns` in the ids of the whole."""
    shared = form.decision.prefix if form.decision else "("
    parting = _length(renderer, turns, shared, ids)
    content = turns[-1]["content"]
    marker = RESPONSE if content.startswith(RESPONSE) else SILENCE
    reply = _length(renderer, turns, marker, ids, grown=MAX_GROWN)
    content_end = reply
    if content != marker:
        content_end = _length(renderer, turns, content, ids, grown=MAX_GROWN)
    begin = parting - 1 if shared else parting
    return _Answer(begin, parting, reply, _turn_end(renderer, turns, ids, content_end))


def _length(
    renderer: Renderer, turns: list[Turn], content: str, ids: list[int], *, grown: int = 0
) -> int:
    """Give how many ids the turns take, the last one cut to `content` and left open.

    Up to `grown` tokens at the end may be others in `ids`, where they go on; they are not counted.
    """
    opened: list[Turn] = [*turns[:-1], {"role": "assistant", "content": content}]
    prefix = renderer.render(opened, continue_final_message=True)
    length = _common(prefix, ids)
    if length < len(prefix) - grown:
        raise NotAppendOnly(
            "the chat template changes earlier turns when one is added, so a conversation cannot be "
            "learned in one piece; name another template in the chat form"
        )
    return length


def _turn_end(renderer: Renderer, turns: list[Turn], ids: list[int], content_end: int) -> int:
    """Give the position behind the token that ends the turn: a control token, or what comes next.

    Some templates put a space in front of it.
    """
    for position in range(content_end, min(content_end + MAX_BEFORE_END, len(ids))):
        if ids[position] in renderer.special_ids:
            return position + 1
    closed = _common(renderer.render(turns, add_generation_prompt=False), ids)
    return min(max(closed, content_end + 1), len(ids))


def _common(some: list[int], others: list[int]) -> int:
    """Give how many ids both begin with."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(some), len(others)))
