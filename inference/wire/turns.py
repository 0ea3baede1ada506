"""Render bursts of messages as the chat turns a model sees: append-only, roles alternating.

Pure. A burst is one user turn, one `Name: text` line a message; after it stands what the assistant
did. Names and texts are expected to have gone through `inference.wire.text`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm


class Turn(TypedDict):
    """One message of an OpenAI chat request."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a person, as one line of a user turn."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Burst:
    """Messages settled by one decision; `reply` is what the assistant said, None if it was silent."""

    lines: tuple[Line, ...]
    reply: str | None = None


def decision_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str = "") -> list[Turn]:
    """Give the turns up to the last burst, whose decision is open: its `reply` is not looked at.

    The last turn opens the assistant's answer with the text that both markers share; send it with
    `continue_final_message`. Raises ValueError without bursts.
    """
    turns = _settled_turns(form, bursts, persona=persona)
    shared = form.decision.prefix if form.decision else "("
    return [*turns, {"role": "assistant", "content": shared}]


def reply_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str = "") -> list[Turn]:
    """Give the turns from which a reply to the last burst is written.

    For a tuned model they extend the decision's own turns and end in an open `(response)`; for a
    prompted one they are a plain chat without markers, ending in a user turn. Raises ValueError
    without bursts.
    """
    if form.reply_prompt is None:
        turns = _settled_turns(form, bursts, persona=persona)
        return [*turns, {"role": "assistant", "content": RESPONSE}]
    plain: list[Turn] = []
    for burst in bursts:
        _say(plain, "user", _user_text(burst))
        if burst is not bursts[-1] and burst.reply is not None:
            _say(plain, "assistant", burst.reply)
    return _with_system(form, form.reply_prompt, plain, persona=persona)


def settled_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str = "") -> list[Turn]:
    """Give all bursts with what the assistant did after each: the form that training learns from."""
    turns = _settled_turns(form, bursts, persona=persona)
    return [*turns, {"role": "assistant", "content": _answer(bursts[-1])}]


def _settled_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str) -> list[Turn]:
    if not bursts:
        raise ValueError("there is nothing to decide on: no bursts")
    turns: list[Turn] = []
    for burst in bursts:
        turns.append({"role": "user", "content": _user_text(burst)})
        if burst is not bursts[-1]:
            turns.append({"role": "assistant", "content": _answer(burst)})
    return _with_system(form, form.decide_prompt, turns, persona=persona)


def _user_text(burst: Burst) -> str:
    return "\n".join(f"{line.name}: {line.text}" for line in burst.lines)


def _answer(burst: Burst) -> str:
    return SILENCE if burst.reply is None else f"{RESPONSE} {burst.reply}"


def _say(turns: list[Turn], role: Literal["user", "assistant"], text: str) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += f"\n{text}"
    else:
        turns.append({"role": role, "content": text})


def _with_system(form: ChatForm, prompt: str, turns: list[Turn], *, persona: str) -> list[Turn]:
    filled = prompt.replace("{name}", form.assistant_name).replace("{persona}", persona).strip()
    if not filled:
        return turns
    if form.system_role:
        return [{"role": "system", "content": filled}, *turns]
    turns[0]["content"] = f"{filled}\n\n{turns[0]['content']}"
    return turns
