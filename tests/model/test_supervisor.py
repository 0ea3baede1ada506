"""The worker as a supervised child, with real processes: it comes back, and never outlives us."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.errors import ConfigError, ModelUnavailable
from bot.supervisor import WorkerProcess, WorkerStatus
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


async def test_a_worker_that_dies_at_every_start_is_given_up_with_its_last_words():
    words = "error: there is no model folder /models/none: correct EARSHOT_MODEL"

    async with supervised("--say", words, "--exit", "1") as (worker, watcher):
        with pytest.raises(ModelUnavailable, match="code 1: there is no model folder"):
            await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["restarting", "failed"]
        assert "correct EARSHOT_MODEL" in worker.status().detail


async def test_a_worker_that_once_fails_to_start_gets_another_chance(tmp_path):
    async with supervised("--exit-unless", str(tmp_path / "second")) as (worker, watcher):
        await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["restarting", "ready"]


async def test_a_model_that_cannot_be_loaded_is_not_tried_again():
    detail = "the folder /models/x holds no model"

    async with supervised("--failure", detail) as (worker, watcher):
        with pytest.raises(ModelUnavailable, match=detail):
            await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["failed"]


@pytest.mark.parametrize("part", [["--exit", "1"], ["--failure", "see the log"]])
async def test_a_missing_package_is_named_with_the_command_that_installs_it(part):
    words = "ModuleNotFoundError: No module named 'torch'"

    async with supervised("--say", words, *part) as (worker, watcher):
        with pytest.raises(
            ConfigError, match=r"'torch': run pip install '\.\[worker\]' in your copy"
        ):
            await worker.wait_ready(timeout_s=PATIENCE_S)

        assert watcher.states == ["failed"]


async def test_a_command_that_is_none_is_given_up():
    async with supervised(command=["/no/such/python"]) as (worker, _):
        with pytest.raises(ModelUnavailable, match=r"cannot be started.*/no/such/python"):
            await worker.wait_ready(timeout_s=PATIENCE_S)


async def test_waiting_for_a_worker_that_loads_too_long_says_how_far_it_is():
    async with supervised("--num-loading", "1000000") as (worker, watcher):
        await watcher.wait_for("loading")

        with pytest.raises(ModelUnavailable, match=r"not ready after 0\.01 s \(step \d+\)"):
            await worker.wait_ready(timeout_s=0.01)


async def test_a_supervision_that_fails_itself_is_told():
    def faulty(status):
        if status.state == "loading":
            raise RuntimeError("a listener with a fault")

    worker = WorkerProcess(
        command=[*FAKE, "--num-loading", "9"], on_status=faulty, timings=Timings(**QUICK)
    )
    async with worker:
        with pytest.raises(ModelUnavailable, match="supervision"):
            await worker.wait_ready(timeout_s=PATIENCE_S)
