"""The requests that Earshot sends to an OpenAI-compatible server, as arguments of the `openai` client.

Pure. A decision is asked for in one of several ways, a reply with or without what not every server
knows, since servers differ in what they take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from openai.types.chat import ChatCompletionMessageParam

from bot.ports import ModelCard
from inference.wire.turns import Turn

CONTINUED = {"continue_final_message": True, "add_generation_prompt": False}
NUM_TOKENS_ANEW = 4  # white space, "(", and the first token of either marker


@dataclass(frozen=True, slots=True)
class Way:
    """A form of the deciding request.

    `continued`: the server goes on from the opened answer. `top_logprobs` 0: none are asked for,
    and the text is matched instead.
    """

    continued: bool
    top_logprobs: int


# From the exact to the merely possible. Some hosts allow only 5 alternatives.
WAYS = (Way(True, 20), Way(False, 20), Way(False, 5), Way(False, 0))


def decision_request(
    card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
) -> dict[str, Any]:
    """Ask for the first tokens of the assistant's answer, greedily."""
    request: dict[str, Any] = {"temperature": 0, **_to(card, session)}
    if way.continued:
        request |= {"messages": _params(turns), "max_tokens": 1, "extra_body": CONTINUED}
    else:
        request |= {"messages": _params(without_opened(turns)), "max_tokens": NUM_TOKENS_ANEW}
    if way.top_logprobs:
        request |= {"logprobs": True, "top_logprobs": way.top_logprobs}
    return request


def reply_request(
    card: ModelCard, turns: Sequence[Turn], *, continued: bool, extras: bool, session: str
) -> dict[str, Any]:
    """Ask for a reply, from the opened answer if `continued`.

    `extras` adds what vLLM and our worker know and strict hosts refuse: an end that may not come
    first, a penalty on repetition.
    """
    sampling = card.form.sampling
    extra_body: dict[str, Any] = dict(CONTINUED) if continued else {}
    if extras:
        extra_body |= {"min_tokens": 1, "repetition_penalty": sampling.repetition_penalty}
    request: dict[str, Any] = {
        "messages": _params(turns if continued else without_opened(turns)),
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        **_to(card, session),
    }
    if extra_body:
        request["extra_body"] = extra_body
    if card.form.stop:
        request["stop"] = list(card.form.stop)
    return request


def opened(turns: Sequence[Turn]) -> str:
    """Give the text of the assistant's opened answer, "" if the turns end otherwise."""
    return turns[-1]["content"] if turns and turns[-1]["role"] == "assistant" else ""


def without_opened(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Leave an opened answer out."""
    return turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns


def _params(turns: Sequence[Turn]) -> list[ChatCompletionMessageParam]:
    return [cast(ChatCompletionMessageParam, turn) for turn in turns]


def _to(card: ModelCard, session: str) -> dict[str, Any]:
    """Name the model, and the conversation for caches and routers; a header holds only ASCII."""
    name = quote(session, safe="/:#@")
    return {"model": card.id, "user": name, "extra_headers": {"X-Session-Id": name}}
