"""What a model server said when it refused, without the key that it may repeat."""

from collections.abc import Mapping

from openai import APIError

MAX_QUOTED_CHARS = 300


def words_of(error: APIError, *, secret: str | None) -> str:
    """Give what the server said, as ` ("...")`, without the key that it may repeat; "" for nothing."""
    words = " ".join(message_of(error).split())
    if secret:
        words = words.replace(secret, "***")
    return f' ("{words[:MAX_QUOTED_CHARS]}")' if words and "<html" not in words.lower() else ""


def message_of(error: APIError) -> str:
    """Give the message of an error as the server put it, "" if it has none."""
    body = error.body
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or body.get("error")
    return body if isinstance(body, str) else ("" if body is None else str(body))
