"""The model behind the server: loading in the background, then ready, or failed for a reason."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Literal

from inference.detokenize import TokenTexts
from inference.engine import Done, Engine, Request, Step
from inference.errors import InferenceError, RequestTimeout
from inference.loading import LoadedModel, Report
from inference.scheduler import Scheduler
from inference.server.faults import Fault, Faulty

logger = logging.getLogger(__name__)

PING_TIMEOUT_S = 10.0  # a busy CPU runs a chunk of 512 tokens in 1 to 3 s
GRACE_S = 5.0  # beyond a request's own time limit: then the engine hangs in a step


@dataclass(frozen=True, slots=True)
class Runtime:
    """A loaded model, its engine, and the thread that runs it."""

    loaded: LoadedModel
    engine: Engine
    scheduler: Scheduler
    texts: TokenTexts
    timeout_s: float
    created: int

    async def steps(self, request: Request) -> AsyncGenerator[Step]:
        """Run a generation on the engine's thread; closing this iterator stops it.

        Raises RequestTimeout or EngineStopped.
        """
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Step | _End] = asyncio.Queue()

        def tell(item: "Step | _End") -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(inbox.put_nowait, item)

        job = self.scheduler.submit(
            self.engine.steps(request),
            on_step=tell,
            on_end=lambda error: tell(_End(error)),
            timeout_s=self.timeout_s,
        )
        try:
            while not isinstance(item := await _next(inbox, self.timeout_s + GRACE_S), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            job.cancel()

    async def ping(self) -> bool:
        """Run one token through the engine; False if no answer comes in time."""
        request = Request(prompt_ids=(0,), max_tokens=1)
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                return any([isinstance(step, Done) async for step in self.steps(request)])
        except (TimeoutError, InferenceError):
            return False


@dataclass(frozen=True, slots=True)
class _End:
    error: InferenceError | None


async def _next(inbox: "asyncio.Queue[Step | _End]", timeout_s: float) -> "Step | _End":
    try:
        async with asyncio.timeout(timeout_s):
            return await inbox.get()
    except TimeoutError:
        raise RequestTimeout("the model gave no answer in time; the worker may hang") from None


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

    def engine(self) -> Engine | None:
        """Give the engine, None while there is none."""
        return self._runtime.engine if self._runtime else None

    def close(self) -> None:
        """Stop the engine."""
        if self._runtime is not None:
            self._runtime.scheduler.close()

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
            logger.info("ready: %s", self._runtime.loaded.id)

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
