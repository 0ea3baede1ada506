"""The address of a model server: what of it may be shown, and whether it is this machine. Pure."""

from urllib.parse import urlsplit

LOCAL = ("127.0.0.1", "::1", "localhost")


def address_of(url: str) -> str:
    """Give the address as it may be shown, without a password.

    Raises ValueError, without the URL, if no server can be meant by it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(
            "is no address of a model server; it should look like http://127.0.0.1:8000/v1"
        )
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port is None else f":{port}"
    return f"{parts.scheme}://{shown_host}{shown_port}{parts.path}"


def is_local(url: str) -> bool:
    """Tell whether a server is on this machine, where no proxy must be asked."""
    return urlsplit(url).hostname in LOCAL
