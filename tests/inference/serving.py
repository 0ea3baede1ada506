"""A worker served on a loopback port, for tests that speak HTTP with it."""

import threading
import time

import httpx
import openai
import uvicorn

from inference.detokenize import TokenTexts
from inference.engine import Engine
from inference.engine_loop import EngineLoop
from inference.server.app import create_app
from inference.server.models import ServedModels
from inference.server.serve import listen
from inference.server.worker import Runtime
from tests.waiting import WITHIN_S

CHAT = [{"role": "user", "content": "Alice: assistant, what is the capital of France?"}]
OPENED = [*CHAT, {"role": "assistant", "content": "("}]
CONTINUED = {"continue_final_message": True, "add_generation_prompt": False}


class Served:
    """A worker on a loopback port, served by a real uvicorn on a thread of its own."""

    def __init__(self, worker):
        self.worker = worker
        self._listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            create_app(worker), log_config=None, lifespan="on", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()

    def get(self, path):
        return httpx.get(f"{self.url}{path}", timeout=30)

    def post(self, **body):
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            json={"model": "tiny", "messages": CHAT, "max_tokens": 2, **body},
            timeout=30,
        )

    def send(self, path, **body):
        return httpx.post(f"{self.url}{path}", json=body, timeout=30)

    def client(self, of=openai.OpenAI):
        return of(base_url=f"{self.url}/v1", api_key="none", max_retries=0, timeout=30)

    def wait_until(self, status):
        for _ in range(round(WITHIN_S * 100)):
            if self.worker.status == status:
                return self
            threading.Event().wait(0.01)
        raise AssertionError(f"still {self.worker.status}")

    def wait_for(self, condition):
        for _ in range(round(WITHIN_S * 100)):
            if condition():
                return
            threading.Event().wait(0.01)
        raise AssertionError(f"it did not come true in {WITHIN_S:.0f} s")


def runtime_of(loaded, *, timeout_s=30.0, engine_class=Engine, max_waiting=64, can_change=False):
    return Runtime(
        loaded=loaded,
        models=ServedModels(loaded, aliases=["tiny-alias"]),
        loop=EngineLoop(
            engine_class(loaded.model, loaded.tokenizer, max_cached_tokens=4096),
            max_waiting=max_waiting,
        ),
        texts=TokenTexts(loaded.tokenizer),
        timeout_s=timeout_s,
        created=int(time.time()),
        can_change=can_change,
    )


def error_of(response):
    """The error of a body in OpenAI's form."""
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def metrics_of(served):
    """The worker's metrics by name and labels."""
    lines = [line for line in served.get("/metrics").text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
