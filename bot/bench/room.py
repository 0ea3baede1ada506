"""How much memory the bot takes while it serves the room: a real process, a real socket.

A loopback server stands in for the model, so that the worker's memory is not counted; what the bot
runs is what it always runs.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any
from urllib.request import Request, urlopen

import uvicorn
from fastapi import FastAPI

from bot.bench.intake import messages
from bot.errors import EarshotError

START_S = 60.0


def room_memory(num_messages: int) -> float:
    """Give the resident memory in MB (10^6 bytes) after `num_messages` were said and decided.

    Raises EarshotError where /proc does not exist or the room does not start.
    """
    if not Path("/proc/self/status").exists():
        raise EarshotError("This benchmark reads /proc, which this system does not have.")
    with (
        TemporaryDirectory(prefix="earshot-bench-") as folder,
        _silent_model() as model_url,
        _room(folder, model_url) as (url, process),
    ):
        for message in messages(num_messages):
            said = {"id": message.id, "name": message.author.name, "text": message.text}
            _call(f"{url}/api/rooms/Lobby/messages", said)
        _wait(lambda: _num_undecided(url) == 0, "decided on all messages")
        return _resident_mb(process.pid)


@contextmanager
def _silent_model() -> Iterator[str]:
    """Serve a model that always stays silent; give its URL."""
    app = FastAPI()
    card = {"id": "silent", "object": "model", "created": 0, "owned_by": "bench"}
    tokens = [{"token": "sil", "logprob": -0.1}, {"token": "response", "logprob": -2.4}]
    content = [{**tokens[0], "bytes": None, "top_logprobs": [{**t, "bytes": None} for t in tokens]}]
    message = {"role": "assistant", "content": "sil"}
    choice = {"index": 0, "finish_reason": "length", "message": message}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [card]}

    @app.post("/v1/chat/completions")
    async def completions() -> dict[str, Any]:
        usage = {"prompt_tokens": 500, "completion_tokens": 1, "total_tokens": 501}
        choices = [{**choice, "logprobs": {"content": content}}]
        base = {"id": "0", "object": "chat.completion", "created": 0, "model": "silent"}
        return {**base, "choices": choices, "usage": usage}

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _room(folder: str, model_url: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `earshot room` on a free port; give its address and process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "EARSHOT_DATABASE_URL": f"sqlite:///{folder}/room.db",
        "EARSHOT_MODEL_URL": model_url,
        "EARSHOT_BURST_QUIET_S": "0.1",
    }
    log = Path(folder, "log")
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "bot", "room", "--port", str(port)],
            env=settings | {"PYTHONPATH": ":".join(sys.path), "HOME": folder},
            stdout=errors,
            stderr=errors,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(lambda: _answers(url) or process.poll() is not None, "started")
            if process.poll() is not None:
                raise EarshotError(f"The room did not start: {log.read_text().strip()}")
            yield url, process
        finally:
            process.terminate()
            process.wait(timeout=START_S)


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + START_S
    while not done():
        if monotonic() > deadline:
            raise EarshotError(f"The room has not {what} within {START_S:.0f} s.")
        sleep(0.05)


def _answers(url: str) -> bool:
    try:
        _call(f"{url}/api/state")
    except OSError:
        return False
    return True


def _num_undecided(url: str) -> int:
    shown = _call(f"{url}/api/rooms/Lobby")
    return sum(1 for message in shown["messages"] if message["mark"]["state"] == "waiting")


def _call(url: str, body: dict[str, str] | None = None) -> Any:
    request = Request(  # noqa: S310 - always our own http address
        url,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=START_S) as answer:  # noqa: S310
        return json.load(answer)


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = int(status.split("VmRSS:")[1].split()[0])
    return kilobytes * 1024 / 1e6
