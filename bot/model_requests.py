"""The requests that Earshot sends to an OpenAI-compatible server, as arguments of the `openai` client.

Pure. What of them a server takes is its `Way` (`inference.wire.asking`), since servers differ.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bot.ports import ModelCard
from inference.wire.asking import CONTINUED, Way, decision_fields, fitted, opened, without_opened
from inference.wire.turns import Turn


def decision_request(
    card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
) -> dict[str, Any]:
    """Ask for the first tokens of the assistant's answer."""
    return fitted({**decision_fields(turns, way=way), **_to(card, session)}, way=way)


def probe_request(
    card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
) -> dict[str, Any]:
    """Ask for the first tokens with every field that a reply may have too, each without effect."""
    fields = decision_fields(turns, way=way)
    body = {"min_tokens": 0, "repetition_penalty": 1.0, **fields.pop("extra_body", {})}
    request = {**fields, "top_p": 1, "extra_body": body, **_to(card, session)}
    return fitted(request, way=way)


def reply_request(
    card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
) -> dict[str, Any]:
    """Ask for a reply, from the opened answer if the server continues it."""
    sampling = card.form.sampling
    continued = way.continued and bool(opened(turns))
    # An end that may not come first, and a penalty on repetition (the last is llama.cpp's name for
    # it), are not OpenAI's.
    penalty = sampling.repetition_penalty
    body = {"min_tokens": 1, "repetition_penalty": penalty, "repeat_penalty": penalty}
    request: dict[str, Any] = {
        "messages": list(turns if continued else without_opened(turns)),
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "extra_body": {**body, **CONTINUED} if continued else body,
        **_to(card, session),
    }
    if card.form.stop:
        request["stop"] = list(card.form.stop)
    return fitted(request, way=way)


def _to(card: ModelCard, session: str) -> dict[str, Any]:
    """Name the model, and the conversation for caches and routers; a header holds only ASCII."""
    name = quote(session, safe="/:#@")
    return {"model": card.id, "user": name, "extra_headers": {"X-Session-Id": name}}
