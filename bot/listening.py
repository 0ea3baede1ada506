"""The address the room is served on: taken, or refused in words that say what to do instead."""

import errno
import socket

from bot.errors import ConfigError


def listen(host: str, port: int) -> socket.socket:
    """Take the address, port 0 any free one; uvicorn would end the process over a busy port.

    A port whose last connections are only winding down is free. Raises ConfigError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(_advice(host, port, error)) from error


def check_port(host: str, port: int) -> None:
    """Raise ConfigError if nothing can listen on the address."""
    listen(host, port).close()


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program, perhaps another Earshot: stop it, "
            "or choose another port with --port (or EARSHOT_ROOM_PORT)."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights: choose one above 1023 with --port."
    reason = error.strerror or error
    return f"Nothing can listen on {host}, port {port}: {reason}. Check --host and --port."
