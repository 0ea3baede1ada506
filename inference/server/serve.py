"""Run the worker's server on a socket until it is told to stop."""

import logging
import os
import resource
import socket
import threading

import uvicorn

from inference.errors import InferenceError
from inference.host_memory import keep_large_apart
from inference.server.app import create_app
from inference.server.start import ServeOptions, start_runtime
from inference.server.worker import Worker

GRACEFUL_S = 5  # what running requests get after SIGTERM
logger = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Open the server's socket. Raises InferenceError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # now, so that whoever connects before the server is up waits for it
    except OSError as error:
        listener.close()
        raise InferenceError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from error
    return listener


def serve(options: ServeOptions, listener: socket.socket, *, die_with_parent: bool) -> None:
    """Serve until SIGTERM or SIGINT, or until stdin ends if `die_with_parent`."""
    if die_with_parent:
        threading.Thread(target=_exit_at_eof, name="parent", daemon=True).start()
    _allow_connections()
    keep_large_apart()
    config = uvicorn.Config(
        create_app(Worker(lambda report: start_runtime(options, report))),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACEFUL_S,
    )
    host, port = listener.getsockname()[:2]
    logger.info("listening on http://%s:%s/v1", host, port)
    uvicorn.Server(config).run(sockets=[listener])


def _allow_connections() -> None:
    """Lift the usual limit of 1,024 open files to what the system allows: a client is a file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _exit_at_eof() -> None:
    """Leave at once when the parent's end of stdin closes: it was killed, nobody is left to serve."""
    while os.read(0, 1024):  # not sys.stdin: its lock would be taken when the interpreter ends
        pass
    os._exit(0)
