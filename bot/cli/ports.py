"""Whether a port can be listened on."""

import errno
import socket

from bot.errors import ConfigError


def check_port(host: str, port: int) -> None:
    """Raise ConfigError that says what to do if nothing can listen on the address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: a port whose last connections are only winding down is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConfigError(_advice(host, port, error)) from error


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program, perhaps another Earshot: stop it, "
            "or choose another port with --port (or EARSHOT_ROOM_PORT)."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights: choose one above 1023 with --port."
    return f"Nothing can listen on {host}, port {port}: {error.strerror}. Check --host and --port."
