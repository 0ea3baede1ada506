"""A supervisor over a worker that does as told."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bot.supervisor import WorkerProcess
from bot.worker_run import Timings
from tests.model.conftest import Watcher

FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]


# Fast enough for a test, with room for a busy machine where only patience is asked for.
QUICK = {
    "poll_s": 0.02,
    "ready_poll_s": 0.05,
    "health_timeout_s": 10.0,
    "hung_s": 10.0,
    "first_backoff_s": 0.01,
    "max_backoff_s": 0.02,
    "stop_s": 20.0,
}


PATIENCE_S = 60.0


@asynccontextmanager
async def supervised(*extra_args, timings=None, **options):
    watcher = Watcher()
    options = {"command": FAKE, **options}
    worker = WorkerProcess(
        extra_args=extra_args,
        on_status=watcher,
        timings=Timings(**{**QUICK, **(timings or {})}),
        **options,
    )
    async with worker:
        yield worker, watcher


async def ask(worker, path):
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(worker.url.removesuffix("/v1") + path)).json()


async def has_ended(pid):
    """Wait until a process is gone, whoever's child it is."""
    ended = asyncio.Event()
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    asyncio.get_running_loop().add_reader(fd, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), PATIENCE_S)
    finally:
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
