"""The requests that Earshot sends to an OpenAI-compatible server, as arguments of the `openai` client.

Pure. A decision is asked for in one of several ways (`inference.wire.asking`), a reply with or
without what not every server knows, since servers differ in what they take.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bot.ports import ModelCard
from inference.wire.asking import CONTINUED, Way, decision_fields, without_opened
from inference.wire.turns import Turn


def decision_request(
    card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
) -> dict[str, Any]:
    """Ask for the first tokens of the assistant's answer, greedily."""
    return {**decision_fields(turns, way=way), **_to(card, session)}


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
        "messages": list(turns if continued else without_opened(turns)),
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


def _to(card: ModelCard, session: str) -> dict[str, Any]:
    """Name the model, and the conversation for caches and routers; a header holds only ASCII."""
    name = quote(session, safe="/:#@")
    return {"model": card.id, "user": name, "extra_headers": {"X-Session-Id": name}}
