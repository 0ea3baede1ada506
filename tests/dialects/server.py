"""A loopback server that speaks one dialect, with the scripted model behind it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse

from tests.dialects.dialect import CONTEXT, Dialect
from tests.dialects.scripted import END, generate, logprob, num_tokens

MODEL = "scripted"
OPEN = "Bearer none"


@dataclass
class DialectServer:
    """Set `key` to have one asked for, `busy` to the headers of a 429 that the next requests get."""

    dialect: Dialect
    key: str | None = None
    busy: list[dict[str, str]] = field(default_factory=list)
    model: str = MODEL
    requests: list[dict] = field(default_factory=list)
    sessions: list[str | None] = field(default_factory=list)
    port: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    async def __call__(self, scope, receive, send):
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request):
        authorization = request.headers.get("authorization", "")
        if self.key and authorization != f"Bearer {self.key}":
            return self.dialect.unauthorized(authorization.removeprefix("Bearer "))
        if request.url.path == "/v1/models":
            return JSONResponse({"object": "list", "data": [self.dialect.listed(self.model)]})
        if request.url.path != "/v1/chat/completions":
            return self.dialect.error(404, f"no such path {request.url.path}")
        body = await request.json()
        self.requests.append(body)
        self.sessions.append(request.headers.get("x-session-id"))
        return self._refused(body) or self._completed(body)

    def _refused(self, body):
        if self.busy:
            return self.dialect.busy(self.busy.pop(0))
        if self.dialect.checks_model and body["model"] != self.model:
            return self.dialect.no_model(body["model"])
        if refusal := self.dialect.refused(body):
            return refusal
        prompt = self.dialect.prompt(body)
        if self.dialect.stops_long_prompts and num_tokens(prompt) > CONTEXT:
            return self.dialect.too_long(prompt)
        return None

    def _completed(self, body):
        prompt, limit = self.dialect.prompt(body), self.dialect.limit(body)
        if body.get("stream"):
            return _streamed(generate(prompt, max_tokens=limit))
        num_answers = min(body.get("n", 1), self.dialect.max_answers)
        greedy = body.get("temperature") == 0 or num_answers == 1
        choices = [
            self._choice(body, index, generate(prompt, max_tokens=limit, at=at, greedy=greedy))
            for index, at in enumerate(_shares(num_answers))
        ]
        answer = {"id": "c", "object": "chat.completion", "created": 0, "model": self.model}
        usage = {"prompt_tokens": num_tokens(prompt), "completion_tokens": limit, "total_tokens": 0}
        counts = {"usage": usage} if self.dialect.counts_tokens else {}
        return JSONResponse({**answer, "choices": choices, **counts})

    def _choice(self, body, index, drawn):
        text = "".join(one.text for one in drawn if one.text != END)
        if self.dialect.continues(body) and getattr(self.dialect, "repeats_opened", False):
            text = body["messages"][-1]["content"] + text
        count = body.get("top_logprobs", 0) if self.dialect.max_logprobs else 0
        logprobs = {"content": [_token(one, count) for one in drawn]} if count else None
        message = {"role": "assistant", "content": text}
        return {"index": index, "message": message, "finish_reason": "length", "logprobs": logprobs}


def _shares(count):
    return [(index + 0.5) / count for index in range(count)]


def _token(drawn, count):
    top = [{"token": text, "logprob": logprob(p)} for text, p in list(drawn.likely.items())[:count]]
    return {"token": drawn.text, "logprob": logprob(drawn.likely[drawn.text]), "top_logprobs": top}


def _streamed(drawn):
    async def events() -> AsyncIterator[str]:
        deltas = [{"role": "assistant", "content": ""}]
        deltas += [{"content": one.text} for one in drawn if one.text != END]
        for delta in deltas:
            yield _event({"index": 0, "delta": delta, "finish_reason": None})
        yield _event({"index": 0, "delta": {}, "finish_reason": "stop"})
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def _event(choice):
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


class _PromptServer(uvicorn.Server):
    """Uvicorn that stops when it is told to, not at its next look after a tenth of a second."""

    def __init__(self, config):
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self):
        await self.told.wait()


@asynccontextmanager
async def serving(dialect):
    """Serve a dialect on a free port of this machine until the block ends."""
    app = DialectServer(dialect)
    runner = _PromptServer(uvicorn.Config(app, lifespan="off", ws="none", log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        task = asyncio.create_task(runner.serve(sockets=[listening]))
        try:
            yield app
        finally:
            runner.force_exit = True
            runner.told.set()
            await task
