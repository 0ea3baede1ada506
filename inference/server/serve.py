"""Run the worker's server on a socket until it is told to stop."""

import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from inference.convert import DEFAULT_MODEL
from inference.detokenize import TokenTexts
from inference.engine import Engine
from inference.engine_loop import MAX_WAITING, EngineLoop
from inference.errors import InferenceError
from inference.fit import Wish
from inference.loading import (
    NO_ADAPTER,
    SHIPPED_ADAPTER,
    LoadedModel,
    load,
    shipped_adapter,
)
from inference.locating import Report
from inference.outline import Precision
from inference.server.app import create_app
from inference.server.models import ServedModels
from inference.server.worker import Runtime, Worker

SHIPPED_NAME = "earshot-smollm2"
UNFITTED_TOKENS = 16384  # of a model that its makers quantised, whose size is not told
GRACEFUL_S = 5  # what running requests get after SIGTERM
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdapterChoice:
    """An adapter to serve: its folder, and the name it is asked for by."""

    folder: Path
    name: str

    @classmethod
    def parse(cls, text: str) -> "AdapterChoice":
        """Read FOLDER or NAME=FOLDER; without a name it is the folder's."""
        name, separator, folder = text.partition("=")
        if separator and "/" not in name:
            return cls(Path(folder).expanduser(), name)
        folder_only = Path(text).expanduser()
        return cls(folder_only, folder_only.name)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve, and how much memory and time it may take."""

    model_id: str | None = None
    adapters: tuple[AdapterChoice, ...] = ()
    dynamic_adapters: bool = False
    threads: int | None = None
    precision: Precision | None = None
    conversations: int = 8
    max_cached_tokens: int | None = None  # what fits
    max_parked_tokens: int = 0
    max_prompt_tokens: int | None = None
    max_waiting: int = MAX_WAITING
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
    _allow_connections()
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
    is_merged = len(options.adapters) < 2 and not options.dynamic_adapters
    merged = options.adapters[0].folder if options.adapters else None
    loaded = load(
        options.model_id,
        adapter=merged if is_merged else NO_ADAPTER,
        max_prompt_tokens=options.max_prompt_tokens,
        report=report,
        wish=Wish(options.precision, options.conversations),
    )
    models = ServedModels(loaded, aliases=_aliases(options, loaded) if is_merged else ())
    engine = Engine(
        loaded.model,
        loaded.tokenizer,
        max_cached_tokens=_max_cached_tokens(options, loaded),
        max_parked_tokens=options.max_parked_tokens,
    )
    for choice in () if is_merged else _apart(options, loaded):
        report(f"loading the adapter {choice.name}")
        engine.adapters.add(choice.name, choice.folder, base=None)
        models.add(choice.name, choice.folder)
    return Runtime(
        loaded=loaded,
        models=models,
        loop=EngineLoop(engine, max_waiting=options.max_waiting),
        texts=TokenTexts(loaded.tokenizer),
        timeout_s=options.timeout_s,
        created=int(time.time()),
        can_change=options.dynamic_adapters,
    )


def _max_cached_tokens(options: ServeOptions, loaded: LoadedModel) -> int:
    """Give the tokens whose keys and values may stay beside the model."""
    return options.max_cached_tokens or (
        loaded.fit.max_cached_tokens if loaded.fit else UNFITTED_TOKENS
    )


def _aliases(options: ServeOptions, loaded: LoadedModel) -> list[str]:
    """Give the names that an adapter merged into the model is known by too."""
    if options.adapters and loaded.adapter is not None:
        return [options.adapters[0].name]
    return [SHIPPED_NAME] if loaded.adapter == SHIPPED_ADAPTER else []


def _apart(options: ServeOptions, loaded: LoadedModel) -> Sequence[AdapterChoice]:
    """Give the adapters to serve beside the model: the shipped one where none was named."""
    if not options.adapters and loaded.id == DEFAULT_MODEL:
        return [AdapterChoice(shipped_adapter(), SHIPPED_NAME)]
    return [choice for choice in options.adapters if choice.folder != NO_ADAPTER]


def _allow_connections() -> None:
    """Lift the usual limit of 1,024 open files to what the system allows: a client is a file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _exit_at_eof() -> None:
    """Leave at once when the parent's end of stdin closes: it was killed, nobody is left to serve."""
    while os.read(0, 1024):  # not sys.stdin: its lock would be taken when the interpreter ends
        pass
    os._exit(0)
