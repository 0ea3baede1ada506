"""One chat completion: its request handed to the engine, its answer given whole or as a stream."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from fastapi import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message, Send

from inference.errors import InferenceError
from inference.generation import Done, Piece, Request
from inference.server.body import parsed
from inference.server.completions import Answer, engine_request
from inference.server.faults import Fault, Faulty, fault_of
from inference.server.metrics import Metrics
from inference.server.models import MAX_NAME_CHARS, Served
from inference.server.running import Running
from inference.server.schema import CompletionRequest
from inference.server.worker import Runtime

MAX_SESSION_CHARS = 256
READER_TIMEOUT_S = 30.0  # how long an event of a stream waits for a client that does not read


class Completion:
    """One request for a chat completion, from its body to its answer."""

    def __init__(self, runtime: Runtime, metrics: Metrics) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._began_s = time.perf_counter()
        self._kind = "reply"

    async def answer(self, http: HttpRequest) -> Response:
        """Answer a request, whole or as a stream. Raises Faulty."""
        with self._runtime.loop.expecting():
            body = await parsed(http, CompletionRequest)
            served = self._served(body.model)
            try:
                request = await self._request(body, served, http.headers.get("x-session-id"))
                running = self._runtime.submit(request)
            except InferenceError as error:
                raise self._failed(fault_of(error)) from error
        answer = Answer(served.id, self._runtime.texts)
        if not body.stream:
            return await _unless_gone(http, lambda: self._whole(running, answer))
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return EventStream(self._events(running, answer, with_usage=with_usage), running)

    def _served(self, name: str) -> Served:
        served = self._runtime.models.find(name)
        if served is None:
            names = ", ".join(repr(known) for known in self._runtime.models.names)
            message = f"there is no model {name[:MAX_NAME_CHARS]!r} here, only {names}"
            raise self._failed(Fault(404, message, "model_not_found", "model"))
        return served

    async def _request(
        self, body: CompletionRequest, served: Served, session: str | None
    ) -> Request:
        session = session or body.user or None
        request = await asyncio.to_thread(
            engine_request, body, served, session and session[:MAX_SESSION_CHARS]
        )
        if body.logprobs and request.max_tokens == 1:
            self._kind = "decision"
        return request

    async def _whole(self, running: Running, answer: Answer) -> Response:
        pieces: list[Piece] = []
        try:
            async for item in self._steps(running):
                if isinstance(item, Done):
                    return JSONResponse(answer.whole(pieces, item))
                pieces.append(item)
        except InferenceError as error:
            raise self._failed(fault_of(error)) from error
        raise AssertionError("a generation ends with Done")

    async def _events(
        self, running: Running, answer: Answer, *, with_usage: bool
    ) -> AsyncGenerator[str]:
        yield _event(answer.opening())
        try:
            async for item in self._steps(running):
                if isinstance(item, Done):
                    for chunk in answer.closing(item, with_usage=with_usage):
                        yield _event(chunk)
                elif (part := answer.part(item)) is not None:
                    yield _event(part)
        except InferenceError as error:
            yield _event(self._failed(fault_of(error)).fault.body())
            return
        yield "data: [DONE]\n\n"

    async def _steps(self, running: Running) -> AsyncGenerator[Piece | Done]:
        """Give the pieces and the end, and measure them."""
        outcome, is_first = "cancelled", True
        try:
            with running:
                async for step in running:
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


class EventStream(StreamingResponse):
    """Server-sent events that stop when the client leaves, or does not read for a while."""

    def __init__(self, events: AsyncGenerator[str], running: Running) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._events = events
        self._running = running

    async def stream_response(self, send: Send) -> None:
        """Send the events, each within a time limit; in the end the request is stopped."""

        async def sent_in_time(message: Message) -> None:
            async with asyncio.timeout(READER_TIMEOUT_S):
                await send(message)

        with self._running:
            try:
                await super().stream_response(sent_in_time)
            finally:
                await self._events.aclose()


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
        await asyncio.gather(working, gone, return_exceptions=True)


async def _hung_up(http: HttpRequest) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass


def _event(payload: dict[str, Any]) -> str:
    return f"data: {json.dumps(payload, ensure_ascii=False)}\n\n"
