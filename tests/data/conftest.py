"""A server that speaks OpenAI's chat completions on loopback, and writes what a test tells it to."""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from typer.testing import CliRunner

from inference.__main__ import app
from inference.wire.data_rights import FLAG

FAST = ["--retries", "0", "--concurrency", "1"]
Answer = Callable[["Asked"], str | JSONResponse]


@dataclass
class Asked:
    """A request: its fields, how many came before it, and who is to write about what."""

    fields: dict[str, object]
    number: int
    authorization: str

    @property
    def people(self) -> list[str]:
        prompt = self.fields["messages"][0]["content"]
        return re.search(r"^People: (.*)\. Nobody", prompt, re.MULTILINE)[1].split(", ")

    @property
    def may_speak(self) -> bool:
        return "It writes a message only here" in self.fields["messages"][0]["content"]


def chat(asked: Asked, *, num_messages: int = 8) -> list[dict[str, str]]:
    """Write a chat as asked for, with words of its own."""
    lines = [
        {
            "role": "user",
            "name": asked.people[number % len(asked.people)],
            "content": f"line {number} of what people say in chat {asked.fields['seed']}",
        }
        for number in range(num_messages)
    ]
    if asked.may_speak:
        reply = {"role": "assistant", "name": "assistant", "content": "Here is the answer."}
        lines.insert(4, reply)
    return lines


def good(asked: Asked) -> str:
    return json.dumps({"messages": chat(asked)})


def fault(status: int, message: str, **more: object) -> JSONResponse:
    return JSONResponse({"error": {"message": message, **more}}, status_code=status)


@dataclass
class ModelServer:
    """The server: set `answer`; read what was `asked`."""

    url: str
    answer: Answer = good
    asked: list[Asked] = field(default_factory=list)


def _app(server: ModelServer) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/models")
    async def models():
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "us"} for name in "ba"]
        return {"object": "list", "data": listed}

    @app.post("/v1/chat/completions")
    async def completions(request: Request):
        fields = await request.json()
        asked = Asked(fields, len(server.asked), request.headers.get("authorization", ""))
        server.asked.append(asked)
        answer = server.answer(asked)
        if isinstance(answer, JSONResponse):
            return answer
        message = {"role": "assistant", "content": answer}
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": fields["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
        }

    return app


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = ModelServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        uvicorn_server = uvicorn.Server(uvicorn.Config(_app(served), log_level="error"))
        thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield served
        uvicorn_server.should_exit = True
        thread.join()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


@pytest.fixture
def synthesized(server, out):
    """Synthesize, and give what the command did with the ids and the conversations it wrote."""

    def synthesize(*arguments, number=3, model="a", url=None):
        given = ["data", "synthesize", "--url", url or server.url, "--model", model]
        given += ["--out", str(out), "-n", str(number), *FAST, *arguments]
        return CliRunner().invoke(app, given, env={"EARSHOT_MODEL_API_KEY": ""})

    return synthesize


def written(out):
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


@pytest.fixture
def run_import(tmp_path):
    """Import, and give what the command did with the conversations it wrote."""
    out = tmp_path / "out.jsonl"

    def imported(*arguments, right=True, assistant="helper"):
        given = ["data", "import", *map(str, arguments), "--out", str(out)]
        given += ["--assistant", assistant, *([FLAG] if right else [])]
        done = CliRunner().invoke(app, given)
        lines = out.read_text().splitlines() if out.exists() else []
        assert [path.name for path in tmp_path.glob(".*")] == []
        return done, [json.loads(line) for line in lines]

    return imported


def shown(conversation):
    return [(m.get("name"), m["content"]) for m in conversation["messages"]]
