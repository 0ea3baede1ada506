"""The routes of the worker: models and their adapters, chat completions, health, metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from inference.server.adapters import Adapters
from inference.server.completion import Completion
from inference.server.faults import Fault, Faulty
from inference.server.metrics import Metrics
from inference.server.models import Served
from inference.server.openapi import described
from inference.server.worker import Runtime, Worker


def create_app(worker: Worker) -> FastAPI:
    """Make the ASGI application of a worker; its model loads once the application starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        await asyncio.to_thread(worker.close)

    app = FastAPI(title="Earshot worker", lifespan=lifespan, docs_url=None, redoc_url=None)
    metrics = Metrics(worker.engine_loop)

    @app.get("/health")
    async def health() -> Response:
        return await _health(worker)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics_text() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/v1/models")
    async def models() -> Response:
        runtime = worker.ready()
        cards = [_card(runtime, served) for served in runtime.models]
        return JSONResponse({"object": "list", "data": cards})

    @app.post("/v1/chat/completions")
    async def completions(http: HttpRequest) -> Response:
        return await Completion(worker.ready(), metrics).answer(http)

    @app.post("/v1/load_lora_adapter")
    async def load_adapter(http: HttpRequest) -> Response:
        return await Adapters(worker.ready()).load(http)

    @app.post("/v1/unload_lora_adapter")
    async def unload_adapter(http: HttpRequest) -> Response:
        return await Adapters(worker.ready()).unload(http)

    app.add_exception_handler(Faulty, _faulty)
    app.add_exception_handler(404, _unknown_route)
    app.add_exception_handler(405, _wrong_method)
    app.add_exception_handler(Exception, _unforeseen)
    described(app)
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


def _card(runtime: Runtime, served: Served) -> dict[str, Any]:
    loaded = served.loaded
    return {
        "id": served.id,
        "object": "model",
        "created": runtime.created,
        "owned_by": "earshot",
        "parent": None if served.id == runtime.loaded.id else runtime.loaded.id,
        "max_model_len": loaded.max_prompt_tokens,
        "earshot": {"adapter": loaded.adapter, "chat_form": loaded.form.to_dict()},
    }


async def _faulty(_: HttpRequest, error: Exception) -> Response:
    if not isinstance(error, Faulty):
        raise error
    return error.fault.response()


async def _unknown_route(http: HttpRequest, _: Exception) -> Response:
    return Fault(404, f"there is no {http.url.path} here", "not_found").response()


async def _wrong_method(http: HttpRequest, _: Exception) -> Response:
    message = f"{http.url.path} does not take {http.method}"
    return Fault(405, message, "method_not_allowed").response()


async def _unforeseen(_: HttpRequest, __: Exception) -> Response:
    """Answer in the usual form; the server logs the error itself."""
    return Fault(500, "the worker failed on this request; see its log", "internal_error").response()
