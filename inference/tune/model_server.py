"""What may be told of a model server: its address without a password, its words without the key."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from openai import APIError

MAX_QUOTED_CHARS = 300


def address_of(url: str) -> str:
    """Give the address as it may be shown. Raises ValueError, without the URL, if it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(
            "is no address of a model server; it should look like http://127.0.0.1:8000/v1"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path}"


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
