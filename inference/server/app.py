"""The routes of the worker: /v1/models, /v1/chat/completions, /health, /metrics."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request as HttpRequest
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response, StreamingResponse

from inference.engine import Done, Piece, Request
from inference.errors import InferenceError
from inference.server.completions import Answer, engine_request
from inference.server.faults import Fault, Faulty, fault_of, validation_fault
from inference.server.metrics import Metrics
from inference.server.schema import CompletionRequest
from inference.server.worker import Runtime, Worker

MAX_BODY_BYTES = 8 * 2**20  # a full context is well under 1 MiB
MAX_SESSION_CHARS = 256


def create_app(worker: Worker) -> FastAPI:
    """Make the ASGI application of a worker; its model loads once the application starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        await asyncio.to_thread(worker.close)

    app = FastAPI(title="Earshot worker", lifespan=lifespan, docs_url=None, redoc_url=None)
    metrics = Metrics(worker.engine)

    @app.get("/health")
    async def health() -> Response:
        return await _health(worker)

    @app.get("/metrics")
    async def metrics_text() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/v1/models")
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": [_card(worker.ready())]})

    @app.post("/v1/chat/completions")
    async def completions(http: HttpRequest) -> Response:
        return await Completion(worker.ready(), metrics).answer(http)

    app.add_exception_handler(Faulty, _faulty)
    app.add_exception_handler(404, _unknown_route)
    return app


async def _health(worker: Worker) -> Response:
    if worker.status != "ready":
        body = {"status": worker.status, "detail": worker.detail, "progress": worker.progress}
        return JSONResponse(body, status_code=503)
    runtime = worker.ready()
    if not await runtime.ping():
        body = {"status": "hung", "detail": "the model does not answer; restart the worker"}
        return JSONResponse(body, status_code=503)
    return JSONResponse({"status": "ready", "model": runtime.loaded.id})


def _card(runtime: Runtime) -> dict[str, Any]:
    loaded = runtime.loaded
    return {
        "id": loaded.id,
        "object": "model",
        "created": runtime.created,
        "owned_by": "earshot",
        "max_model_len": loaded.max_prompt_tokens,
        "earshot": {"adapter": loaded.adapter, "chat_form": loaded.form.to_dict()},
    }


async def _faulty(_: HttpRequest, error: Exception) -> Response:
    if not isinstance(error, Faulty):
        raise error
    return error.fault.response()


async def _unknown_route(http: HttpRequest, _: Exception) -> Response:
    return Fault(404, f"there is no {http.url.path} here", "not_found").response()


class Completion:
    """One request for a chat completion, from its body to its answer."""

    def __init__(self, runtime: Runtime, metrics: Metrics) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._began_s = time.perf_counter()
        self._kind = "reply"

    async def answer(self, http: HttpRequest) -> Response:
        """Answer a request, whole or as a stream. Raises Faulty."""
        body = _parsed(await _read(http))
        if body.model != self._runtime.loaded.id:
            message = f"there is no model {body.model!r} here, only {self._runtime.loaded.id!r}"
            raise Faulty(Fault(404, message, "model_not_found", "model"))
        session = http.headers.get("x-session-id") or body.user
        try:
            request = await asyncio.to_thread(
                engine_request, body, self._runtime.loaded, session and session[:MAX_SESSION_CHARS]
            )
        except InferenceError as error:
            raise self._failed(fault_of(error)) from error
        if body.logprobs and request.max_tokens == 1:
            self._kind = "decision"
        answer = Answer(self._runtime.loaded.id, self._runtime.texts)
        if body.stream:
            with_usage = bool(body.stream_options and body.stream_options.include_usage)
            events = self._events(request, answer, with_usage=with_usage)
            return StreamingResponse(events, media_type="text/event-stream")
        return await _unless_gone(http, lambda: self._whole(request, answer))

    async def _whole(self, request: Request, answer: Answer) -> Response:
        pieces: list[Piece] = []
        try:
            async for item in self._steps(request):
                if isinstance(item, Done):
                    return JSONResponse(answer.whole(pieces, item))
                pieces.append(item)
        except InferenceError as error:
            raise self._failed(fault_of(error)) from error
        raise AssertionError("a generation ends with Done")

    async def _events(
        self, request: Request, answer: Answer, *, with_usage: bool
    ) -> AsyncGenerator[str]:
        yield _event(answer.opening())
        try:
            async with aclosing(self._steps(request)) as steps:
                async for item in steps:
                    if isinstance(item, Done):
                        for chunk in answer.closing(item, with_usage=with_usage):
                            yield _event(chunk)
                    elif (part := answer.part(item)) is not None:
                        yield _event(part)
        except InferenceError as error:
            yield _event(self._failed(fault_of(error)).fault.body())
            return
        yield "data: [DONE]\n\n"

    async def _steps(self, request: Request) -> AsyncGenerator[Piece | Done]:
        """Give the pieces and the end, and measure them."""
        outcome, is_first = "cancelled", True
        try:
            async with aclosing(self._runtime.steps(request)) as steps:
                async for step in steps:
                    if step is None:
                        continue
                    if is_first:
                        is_first = False
                        self._metrics.first_token_s.labels(self._kind).observe(self._elapsed_s())
                    if isinstance(step, Done):
                        outcome = "done"
                    yield step
        except InferenceError:
            outcome = ""  # counted where it becomes a fault
            raise
        finally:
            if outcome:
                self._metrics.requests.labels(self._kind, outcome).inc()
                self._metrics.request_s.labels(self._kind).observe(self._elapsed_s())

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._began_s

    def _failed(self, fault: Fault) -> Faulty:
        self._metrics.requests.labels(self._kind, fault.code).inc()
        return Faulty(fault)


async def _read(http: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            message = f"the request is larger than {MAX_BODY_BYTES // 2**20} MiB"
            raise Faulty(Fault(413, message, "request_too_large"))
    return bytes(body)


def _parsed(raw: bytes) -> CompletionRequest:
    try:
        return CompletionRequest.model_validate_json(raw)
    except ValidationError as error:
        raise Faulty(validation_fault(error)) from error


async def _unless_gone(http: HttpRequest, answer: Callable[[], Awaitable[Response]]) -> Response:
    """Answer, but stop working once the client has hung up."""
    working = asyncio.ensure_future(answer())
    gone = asyncio.ensure_future(_hung_up(http))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return Response(status_code=499)  # nobody reads it; nginx's code for a client that left
    finally:
        for task in (working, gone):
            task.cancel()


async def _hung_up(http: HttpRequest) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass


def _event(payload: dict[str, Any]) -> str:
    return f"data: {json.dumps(payload, ensure_ascii=False)}\n\n"
