"""A real server on loopback that speaks the OpenAI protocol strictly, or misbehaves as it is told."""

import asyncio
import json
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.model_client import OpenAIModel
from bot.model_probe import SESSION
from inference.wire.chat_form import ChatForm

# What a server that knows every field of ours takes; strict hosts know fewer.
OPENAI_FIELDS = frozenset(
    {"model", "messages", "max_tokens", "temperature", "top_p", "logprobs", "top_logprobs"}
    | {"stream", "stop", "user"}
)
EXTRA_FIELDS = frozenset(
    {"continue_final_message", "add_generation_prompt"}
    | {"min_tokens", "repetition_penalty", "repeat_penalty"}
)

Answer = Callable[[dict[str, Any]], Response | Awaitable[Response]]


def listed(model_id: str = "tiny", **fields: Any) -> dict[str, Any]:
    return {"id": model_id, "object": "model", "created": 0, "owned_by": "someone", **fields}


def token(text: str, **likeliest: float) -> dict[str, Any]:
    """A token with its alternatives, given as probabilities by their text."""
    top = [{"token": key, "logprob": math.log(p)} for key, p in likeliest.items()]
    return {"token": text, "logprob": math.log(likeliest.get(text, 0.5)), "top_logprobs": top}


def completion(*tokens: dict[str, Any], text: str | None = None, **fields: Any) -> JSONResponse:
    """A whole answer; without tokens it has no logprobs."""
    said = "".join(one["token"] for one in tokens) if text is None else text
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said},
        "finish_reason": "length",
        "logprobs": {"content": list(tokens)} if tokens else None,
    }
    usage = {"prompt_tokens": 42, "completion_tokens": len(tokens) or 1, "total_tokens": 43}
    body = {"id": "c", "object": "chat.completion", "created": 0, "model": "tiny"}
    return JSONResponse({**body, "choices": [choice], "usage": usage, **fields})


def event(text: str | None = None, *, finish_reason: str | None = None) -> str:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


def stream(*pieces: str) -> StreamingResponse:
    """A streamed answer as servers send it: the role first, the end last."""

    async def events() -> AsyncIterator[str]:
        yield event("")
        for piece in pieces:
            yield event(piece)
        yield event(finish_reason="stop")
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "invalid"}}, status_code=status)


@dataclass
class LoopbackServer:
    """Set `models`, `decide` and `reply` to say what it answers; `requests` is what it was asked.

    `probes` is what it was asked only to find out what it can do.
    """

    models: Any = field(default_factory=lambda: [listed()])
    decide: Answer = lambda body: completion(token("sil", sil=0.3, response=0.1))
    reply: Answer = lambda body: stream(" Par", "is.")
    known_fields: frozenset[str] = OPENAI_FIELDS | EXTRA_FIELDS
    requests: list[dict[str, Any]] = field(default_factory=list)
    probes: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    num_model_lists: int = 0
    port: int = 0
    client_left: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def hang(self, body: dict[str, Any] | None = None) -> Response:
        await self.released.wait()
        return refusal(500, "released")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/v1/models":
            self.num_model_lists += 1
            if callable(self.models):
                answer = self.models()
                return await answer if asyncio.iscoroutine(answer) else answer
            return JSONResponse({"object": "list", "data": self.models})
        if request.url.path != "/v1/chat/completions":
            return refusal(404, f"no such path {request.url.path}")
        body = await request.json()
        if body.get("user") == SESSION:
            self.probes.append(body)
        else:
            self.requests.append(body)
            self.headers.append(dict(request.headers))
        if unknown := sorted(set(body) - self.known_fields):
            return refusal(400, f"Unrecognized request argument supplied: {unknown[0]}")
        answer = (self.reply if body.get("stream") else self.decide)(body)
        return await answer if asyncio.iscoroutine(answer) else answer


class DroppingResponse(Response):
    """Sends some events and then breaks the connection, as a process that dies does."""

    def __init__(self, *events: str) -> None:
        super().__init__(media_type="text/event-stream")
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for one in self.events:
            await send({"type": "http.response.body", "body": one.encode(), "more_body": True})
        raise ConnectionAbortedError("the server dies here, on purpose")


class Watcher:
    """Hears every status of a worker, and waits for one."""

    def __init__(self):
        self.heard = []
        self.news = asyncio.Queue()

    def __call__(self, status):
        self.heard.append(status)
        self.news.put_nowait(status)

    async def wait_for(self, state):
        async with asyncio.timeout(60):
            while (status := await self.news.get()).state != state:
                pass
        return status

    @property
    def states(self):
        return [status.state for status in self.heard]


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    app = LoopbackServer()
    config = uvicorn.Config(app, lifespan="off", ws="none", log_level="critical")
    runner = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        serving = asyncio.create_task(runner.serve(sockets=[listening]))
        yield app
        app.released.set()
        runner.should_exit = runner.force_exit = True
        await serving


@pytest.fixture
def make_model() -> Callable[..., OpenAIModel]:
    def make(url: str, **changes: Any) -> OpenAIModel:
        settings: dict[str, Any] = {
            "model": None,
            "api_key": None,
            "form": None,
            "max_prompt_tokens": 2048,
            "timeout_s": 30.0,
        }
        return OpenAIModel(url, **{**settings, **changes})

    return make


@pytest.fixture
async def model(
    server: LoopbackServer, make_model: Callable[..., OpenAIModel]
) -> AsyncIterator[OpenAIModel]:
    client = make_model(server.url)
    yield client
    await client.close()


@pytest.fixture
def form() -> ChatForm:
    return ChatForm(decide_prompt="Answer (silence) or (response).")
