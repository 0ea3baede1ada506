"""The model behind the server: loading in the background, then ready, or failed for a reason."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from inference.detokenize import TokenTexts
from inference.engine import Engine
from inference.engine_loop import EngineLoop
from inference.errors import InferenceError
from inference.generation import Done, Request
from inference.loading import LoadedModel
from inference.locating import Report
from inference.server.faults import Fault, Faulty
from inference.server.models import ServedModels
from inference.server.running import Running

logger = logging.getLogger(__name__)

PING_TIMEOUT_S = 10.0  # a busy CPU runs the largest step in 1 to 3 s


@dataclass(frozen=True, slots=True)
class Runtime:
    """A loaded model, what it is called, and the thread that runs it.

    `can_change`: adapters may be added and removed by clients.
    """

    loaded: LoadedModel
    models: ServedModels
    loop: EngineLoop
    texts: TokenTexts
    timeout_s: float
    created: int
    can_change: bool = False

    @property
    def engine(self) -> Engine:
        """The engine, which only the loop's thread may use."""
        return self.loop.engine

    def submit(self, request: Request, *, is_urgent: bool = False) -> Running:
        """Hand a request to the engine. Raises QueueFull or EngineStopped."""
        return Running(self.loop, request, timeout_s=self.timeout_s, is_urgent=is_urgent)

    async def ping(self) -> bool:
        """Run one token through the engine; False if no answer comes in time."""
        request = Request(prompt_ids=(0,), max_tokens=1)
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                with self.submit(request, is_urgent=True) as running:
                    return any([isinstance(step, Done) async for step in running])
        except (TimeoutError, InferenceError):
            return False


class Worker:
    """Loads a model in a thread of its own, so that the server can answer meanwhile."""

    def __init__(self, load: Callable[[Report], Runtime]) -> None:
        self._load = load
        self._runtime: Runtime | None = None
        self.status: Literal["loading", "ready", "failed"] = "loading"
        self.detail = "starting"
        self.progress: float | None = None  # of what `detail` says, from 0 to 1

    def start(self) -> None:
        """Begin to load."""
        threading.Thread(target=self._run, name="loading", daemon=True).start()

    def ready(self) -> Runtime:
        """Give the loaded model. Raises Faulty (503) while there is none."""
        if self._runtime is None:
            code = "model_loading" if self.status == "loading" else "model_failed"
            raise Faulty(Fault(503, f"the model is not ready: {self.detail}", code))
        return self._runtime

    def engine_loop(self) -> EngineLoop | None:
        """Give the engine's loop, None while there is none."""
        return self._runtime.loop if self._runtime else None

    def close(self) -> None:
        """Stop the engine."""
        if self._runtime is not None:
            self._runtime.loop.close()

    def _run(self) -> None:
        try:
            self._runtime = self._load(self._report)
        except InferenceError as error:
            logger.error("%s", error)  # noqa: TRY400 - written for people; the trace says nothing more
            self._end("failed", str(error))
        except Exception:
            logger.exception("the model could not be loaded")
            self._end("failed", "the model could not be loaded; see the worker's log")
        else:
            self._end("ready", "")
            logger.info("ready: %s", ", ".join(self._runtime.models.names))

    def _end(self, status: Literal["ready", "failed"], detail: str) -> None:
        self.status, self.detail, self.progress = status, detail, None

    def _report(self, detail: str, progress: float | None = None) -> None:
        """Keep what the loading is doing; the log gets a line for each tenth of it."""
        if _tenth(progress) != _tenth(self.progress) or (
            progress is None and detail != self.detail
        ):
            logger.info("%s", detail)
        self.detail, self.progress = detail, progress


def _tenth(progress: float | None) -> int | None:
    return None if progress is None else int(10 * progress)
