"""Run the worker's server on a socket until it is told to stop."""

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from inference.detokenize import TokenTexts
from inference.engine import Engine
from inference.errors import InferenceError
from inference.loading import Report, load
from inference.scheduler import Scheduler
from inference.server.app import create_app
from inference.server.worker import Runtime, Worker

GRACEFUL_S = 5  # what running requests get after SIGTERM
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve, and how much memory and time it may take."""

    model_id: str | None = None
    adapter: Path | None = None
    threads: int | None = None
    max_cached_tokens: int = 16384
    max_prompt_tokens: int | None = None
    timeout_s: float = 120.0


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
    config = uvicorn.Config(
        create_app(Worker(lambda report: start_runtime(options, report))),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACEFUL_S,
    )
    host, port = listener.getsockname()[:2]
    logger.info("listening on http://%s:%s/v1", host, port)
    uvicorn.Server(config).run(sockets=[listener])


def start_runtime(options: ServeOptions, report: Report) -> Runtime:
    """Load the model and start its engine. Raises InferenceError."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    loaded = load(
        options.model_id,
        adapter=options.adapter,
        max_prompt_tokens=options.max_prompt_tokens,
        report=report,
    )
    return Runtime(
        loaded=loaded,
        engine=Engine(loaded.model, loaded.tokenizer, max_cached_tokens=options.max_cached_tokens),
        scheduler=Scheduler(),
        texts=TokenTexts(loaded.tokenizer),
        timeout_s=options.timeout_s,
        created=int(time.time()),
    )


def _exit_at_eof() -> None:
    """Leave at once when the parent's end of stdin closes: it was killed, nobody is left to serve."""
    while os.read(0, 1024):  # not sys.stdin: its lock would be taken when the interpreter ends
        pass
    os._exit(0)
