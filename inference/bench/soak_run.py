"""Run a soak from its beginning to its end: with a worker of its own, or against one that is there."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import urlsplit

from openai import APIError, AsyncOpenAI, DefaultAsyncHttpxClient

from inference.bench.soak import Load, Pace, Soak
from inference.bench.soaked import Report, Watch, report_of
from inference.errors import InferenceError, ServerFailed

START_S = 300.0  # the first start converts the default model
REQUEST_S = 120.0
STOP_S = 20.0
LOOK_TIMEOUT_S = 2.0
_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Server:
    """A worker: its address with `/v1`, and its process if it is ours."""

    url: str
    pid: int | None = None

    @property
    def root(self) -> str:
        """Give the address without a path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


async def soak(server: Server, load: Load, *, pace: Pace | None = None) -> Report:
    """Load a server that is ready. Raises ServerFailed if it does not say what it serves."""
    async with AsyncOpenAI(
        base_url=server.url,
        api_key="none",
        max_retries=0,
        timeout=REQUEST_S,
        http_client=DefaultAsyncHttpxClient(trust_env=False),
    ) as client:
        model = await _model(client, server)
        watch = Watch(client, server.root, server.pid)
        run = Soak(client, model, load, pace=pace or Pace())
        await run.run(watch)
        return report_of(load, run.heard, watch.samples)


async def _model(client: AsyncOpenAI, server: Server) -> str:
    try:
        models = await client.models.list()
    except APIError as error:
        raise ServerFailed(f"no worker answers at {server.url}: {error}") from error
    return models.data[0].id


@asynccontextmanager
async def own_worker(options: Sequence[str]) -> AsyncIterator[Server]:
    """Start a worker with these options of `serve`, and stop it in the end.

    Raises InferenceError with its last words if it ends or does not get ready.
    """
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1024) as listener,
        TemporaryFile("w+") as log,
    ):
        fd = listener.fileno()
        command = [sys.executable, "-m", "inference", "serve", "--fd", str(fd), *options]
        child = subprocess.Popen(  # noqa: ASYNC220, S603 - a child of ours, started once
            [*command, "--die-with-parent"], pass_fds=[fd], stdin=subprocess.PIPE, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            await _until_ready(url, child, log)
            yield Server(url, child.pid)
        finally:
            await asyncio.to_thread(_stop, child)


async def _until_ready(url: str, child: "subprocess.Popen[bytes]", log: IO[str]) -> None:
    async with (
        AsyncOpenAI(
            base_url=url,
            api_key="none",
            max_retries=0,
            timeout=LOOK_TIMEOUT_S,  # the socket is ours: it takes connections that nobody serves
            http_client=DefaultAsyncHttpxClient(trust_env=False),
        ) as client,
        asyncio.timeout(START_S),
    ):
        while True:
            if child.poll() is not None:
                raise InferenceError(f"the worker did not start: {_last_line(log)}")
            try:
                await client.models.list()
            except APIError as error:
                if error.code == "model_failed":
                    raise InferenceError(f"the worker did not start: {_last_line(log)}") from error
                await asyncio.sleep(_LOOK_S)
            else:
                return


def _stop(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdin is not None:
        child.stdin.close()


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    lines = log.read().strip().splitlines()
    return lines[-1] if lines else "it said nothing"
