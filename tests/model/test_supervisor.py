"""The worker as a supervised child, with real processes: it comes back, and never outlives us."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys

import httpx
import pytest

from bot.supervisor import WorkerStatus
from tests.model.supervising import FAKE, PATIENCE_S, ask, has_ended, supervised


async def test_a_worker_is_started_told_of_while_it_loads_and_then_ready():
    async with supervised("--num-loading", "2") as (worker, watcher):
        before = worker.status()
        await worker.wait_ready(timeout_s=PATIENCE_S)

        assert before == WorkerStatus("starting", "the worker is starting")
        assert watcher.heard == [
            WorkerStatus("loading", "step 1", 0.25),
            WorkerStatus("loading", "step 2", 0.5),
            WorkerStatus("ready", ""),
        ]


async def test_the_worker_gets_model_adapter_and_threads(tmp_path):
    argv = tmp_path / "argv.json"
    options = {"model": "tiny", "adapter": tmp_path, "threads": 2}

    async with supervised("--argv-to", str(argv), **options) as (worker, _):
        await worker.wait_ready(timeout_s=PATIENCE_S)

    words = json.loads(argv.read_text())
    assert words[:6] == ["--model", "tiny", "--adapter", str(tmp_path), "--threads", "2"]
    assert "--die-with-parent" in words


async def test_it_serves_on_loopback_and_stops_with_us():
    async with supervised() as (worker, _):
        await worker.wait_ready(timeout_s=PATIENCE_S)
        pid = (await ask(worker, "/play/pid"))["pid"]

        assert worker.url.startswith("http://127.0.0.1:")
        assert pid == worker.pid

    await has_ended(pid)
    assert worker.pid is None


async def test_a_worker_that_does_not_hear_sigterm_is_killed():
    async with supervised("--deaf", timings={"stop_s": 0.05}) as (worker, _):
        await worker.wait_ready(timeout_s=PATIENCE_S)
        pid = worker.pid

    await has_ended(pid)


async def test_after_kill_9_it_is_back_at_the_same_address():
    async with supervised() as (worker, watcher):
        await worker.wait_ready(timeout_s=PATIENCE_S)
        await watcher.wait_for("ready")
        url, first = worker.url, worker.pid

        os.kill(first, signal.SIGKILL)
        restarting = await watcher.wait_for("restarting")
        await watcher.wait_for("ready")

        assert "killed" in restarting.detail
        assert worker.url == url
        assert (await ask(worker, "/play/pid"))["pid"] not in (first, None)


async def test_the_wait_before_a_restart_doubles_until_a_worker_was_ready_for_long(caplog):
    waits = []
    for stable_s in (1000.0, 0.0):
        caplog.clear()
        timings = {"stable_s": stable_s, "first_backoff_s": 0.01, "max_backoff_s": 0.02}
        async with supervised(timings=timings) as (worker, watcher):
            for _ in range(3):
                await watcher.wait_for("ready")
                os.kill(worker.pid, signal.SIGKILL)
                await watcher.wait_for("restarting")
        waits.append([message.split(" in ")[1] for message in caplog.messages if " in " in message])

    assert waits == [["0.01 s", "0.02 s", "0.02 s"], ["0.01 s", "0.01 s", "0.01 s"]]


async def test_between_two_workers_a_client_is_refused_at_once_and_the_port_is_kept():
    async with supervised(timings={"first_backoff_s": 1000.0}) as (worker, watcher):
        await worker.wait_ready(timeout_s=PATIENCE_S)
        os.kill(worker.pid, signal.SIGKILL)
        await watcher.wait_for("restarting")

        with pytest.raises(httpx.ConnectError):
            await ask(worker, "/health")
        with socket.socket() as another, pytest.raises(OSError, match="in use"):
            another.bind(("127.0.0.1", httpx.URL(worker.url).port))


async def test_a_hung_worker_is_killed_and_started_again():
    async with supervised(timings={"health_timeout_s": 0.2, "hung_s": 0.3}) as (worker, watcher):
        await watcher.wait_for("ready")
        await ask(worker, "/play/hang")

        hung = await watcher.wait_for("restarting")
        await watcher.wait_for("ready")

        assert "hangs" in hung.detail


async def test_a_short_lapse_of_health_is_no_reason_to_restart():
    async with supervised() as (worker, watcher):
        await watcher.wait_for("ready")
        pid = worker.pid
        await ask(worker, "/play/lapse")
        for _ in range(5):
            await ask(worker, "/health")

        assert worker.pid == pid
        assert watcher.states == ["ready"]


async def test_no_worker_outlives_the_kill_9_of_its_parent():
    script = f"""
import asyncio
from bot.supervisor import WorkerProcess
async def main():
    async with WorkerProcess(command={FAKE!r}) as worker:
        await worker.wait_ready(timeout_s={PATIENCE_S})
        print(worker.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    worker_pid = int(await asyncio.wait_for(parent.stdout.readline(), PATIENCE_S))

    parent.kill()
    await parent.wait()

    await has_ended(worker_pid)


async def test_its_lines_are_logged_with_a_prefix_at_their_own_level(caplog):
    caplog.set_level(logging.DEBUG, logger="bot")
    lines = [
        "INFO inference: loading",
        "  still loading",
        "plain words",
        "half\rwhole",
        "ERROR inference: lost",
        "Traceback (most recent call last):",
        "ValueError: 5",
        "DEBUG inference: x" + "x" * 5000,
    ]
    said = [word for line in lines for word in ("--say", line)]

    async with supervised(*said, "--say-out", "on stdout") as (worker, _):
        await worker.wait_ready(timeout_s=PATIENCE_S)

    logged = {
        record.getMessage()[:40]: record.levelname
        for record in caplog.records
        if record.name == "bot.worker_child"
    }
    assert logged == {
        "[worker] inference: loading": "INFO",
        "[worker]   still loading": "INFO",
        "[worker] plain words": "WARNING",
        "[worker] half": "WARNING",
        "[worker] whole": "WARNING",
        "[worker] inference: lost": "ERROR",
        "[worker] Traceback (most recent call las": "ERROR",
        "[worker] ValueError: 5": "ERROR",
        "[worker] inference: xxxxxxxxxxxxxxxxxxxx": "DEBUG",
        "[worker] on stdout": "INFO",
    }
    assert max(len(record.getMessage()) for record in caplog.records) < 2100
