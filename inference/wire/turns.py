"""Render bursts of messages as the chat turns a model sees: append-only, roles alternating.

Pure. A burst is one user turn, one `Name: text` line a message; after it stands what the assistant
did. Names and texts are expected to have gone through `inference.wire.text`; replies and personas are
made safe here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypedDict

from inference.wire.chat_form import RESPONSE, SILENCE, ChatForm
from inference.wire.text import break_control_tokens


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
    """Messages settled by one decision, at least one; `reply` is None if the assistant was silent."""

    lines: tuple[Line, ...]
    reply: str | None = None


def decision_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str = "") -> list[Turn]:
    """Give the turns up to the last burst, whose decision is open: its `reply` is not looked at.

    The last turn opens the assistant's answer with the text that both markers share; send it with
    `continue_final_message`. Raises ValueError without bursts.
    """
    turns = _turns_so_far(form, bursts, persona=persona)
    shared = form.decision.prefix if form.decision else "("
    return [*turns, {"role": "assistant", "content": shared}]


def reply_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str = "") -> list[Turn]:
    """Give the turns from which a reply to the last burst is written.

    For a tuned model they extend the decision's own turns and end in an open `(response)`; for a
    prompted one they are a plain chat without markers, ending in a user turn. Raises ValueError
    without bursts.
    """
    if form.reply_prompt is None:
        turns = _turns_so_far(form, bursts, persona=persona)
        return [*turns, {"role": "assistant", "content": RESPONSE}]
    earlier, last = _split(bursts[-form.reply_bursts :] if form.reply_bursts else bursts)
    spoken = _user_text if form.reply_names else partial(_words, name=form.assistant_name)
    plain: list[Turn] = []
    for burst in earlier:
        _say(plain, "user", spoken(burst))
        if burst.reply and not burst.reply.isspace():
            _say(plain, "assistant", break_control_tokens(burst.reply))
    _say(plain, "user", spoken(last))
    return _with_system(form, form.reply_prompt, plain, persona=persona)


def settled_turns(form: ChatForm, bursts: Sequence[Burst], *, persona: str = "") -> list[Turn]:
    """Give all bursts with what the assistant did after each: the form that training learns from."""
    turns = _turns_so_far(form, bursts, persona=persona)
    return [*turns, {"role": "assistant", "content": _answer(bursts[-1])}]


def _turns_so_far(form: ChatForm, bursts: Sequence[Burst], *, persona: str) -> list[Turn]:
    earlier, last = _split(bursts)
    turns: list[Turn] = []
    for burst in earlier:
        turns.append({"role": "user", "content": _user_text(burst)})
        turns.append({"role": "assistant", "content": _answer(burst)})
    turns.append({"role": "user", "content": _user_text(last)})
    return _with_system(form, form.decide_prompt, turns, persona=persona)


def _split(bursts: Sequence[Burst]) -> tuple[Sequence[Burst], Burst]:
    if not bursts:
        raise ValueError("there is nothing to decide on: no bursts")
    return bursts[:-1], bursts[-1]


def _user_text(burst: Burst) -> str:
    return "\n".join(f"{line.name}: {line.text}" for line in burst.lines)


def _words(burst: Burst, *, name: str) -> str:
    """Give what was said, without who said it and without the name it was said to."""
    called = re.compile(rf"^\W*{re.escape(name)}\b[\s,:;!.-]*", re.IGNORECASE)
    return "\n".join(called.sub("", line.text) or line.text for line in burst.lines)


def _answer(burst: Burst) -> str:
    if burst.reply is None:
        return SILENCE
    return f"{RESPONSE} {break_control_tokens(burst.reply)}".rstrip()


def _say(turns: list[Turn], role: Literal["user", "assistant"], text: str) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += f"\n{text}"
    else:
        turns.append({"role": role, "content": text})


def _with_system(form: ChatForm, prompt: str, turns: list[Turn], *, persona: str) -> list[Turn]:
    described = break_control_tokens(" ".join(persona.split()))
    filled = prompt.replace("{name}", form.assistant_name).replace("{persona}", described).strip()
    if not filled:
        return turns
    if form.system_role:
        return [{"role": "system", "content": filled}, *turns]
    turns[0]["content"] = f"{filled}\n\n{turns[0]['content']}"
    return turns
