import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from inference import __main__ as command_line

START_S = 120  # a busy machine imports torch in half a minute


class Process:
    """A worker started as the bot starts it: on an inherited socket, its stdin held open."""

    def __init__(self, model, *flags):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        fd = self._listener.fileno()
        command = [
            sys.executable,
            "-m",
            "inference",
            "serve",
            "--fd",
            str(fd),
            "--model",
            str(model),
        ]
        self.process = subprocess.Popen(
            [*command, *flags],
            pass_fds=[fd],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_until(self, words):
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError("the worker ended early")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stderr, self._listener):
            end.close()


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Keep the workers from taking the whole machine."""
    before = os.environ.get("OMP_NUM_THREADS")  # noqa: TID251
    os.environ["OMP_NUM_THREADS"] = "1"  # noqa: TID251
    yield
    if before is None:
        del os.environ["OMP_NUM_THREADS"]  # noqa: TID251
    else:
        os.environ["OMP_NUM_THREADS"] = before  # noqa: TID251


def test_a_worker_serves_on_an_inherited_socket_and_ends_on_sigterm(tiny_folder):
    with Process(tiny_folder, "--max-prompt-tokens", "128") as worker:
        worker.read_until("ready: tiny")
        card = httpx.get(f"{worker.url}/v1/models").json()["data"][0]

        worker.process.send_signal(signal.SIGTERM)

        assert card["max_model_len"] == 128
        assert worker.process.wait(START_S) in (0, -signal.SIGTERM)


def test_a_reply_under_way_is_finished_before_a_worker_ends_on_sigterm(tiny_folder):
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Alice: hello"}],
        "stream": True,
        "max_tokens": 60,
        "min_tokens": 60,
        "logprobs": True,
    }
    with Process(tiny_folder) as worker:
        worker.read_until("ready: tiny")
        with httpx.stream(
            "POST", f"{worker.url}/v1/chat/completions", json=body, timeout=60
        ) as reply:
            lines = reply.iter_lines()
            first = next(lines)

            worker.process.send_signal(signal.SIGTERM)
            rest = [line for line in lines if line]

        assert '"role": "assistant"' in first
        assert rest[-1] == "data: [DONE]"
        assert sum('"token"' in line for line in rest) == 60
        assert worker.process.wait(START_S) in (0, -signal.SIGTERM)


def test_a_worker_may_hold_as_many_connections_as_the_system_allows(tiny_folder):
    with Process(tiny_folder) as worker:
        worker.read_until("listening on")

        limits = Path(f"/proc/{worker.process.pid}/limits").read_text()

        open_files = next(line for line in limits.splitlines() if line.startswith("Max open files"))
        soft, hard = open_files.split()[3:5]
        assert soft == hard


def test_a_worker_ends_when_its_parent_is_gone(tiny_folder):
    with Process(tiny_folder, "--die-with-parent") as worker:
        worker.read_until("listening on")

        worker.process.stdin.close()

        assert worker.process.wait(START_S) == 0


def test_a_missing_model_folder_is_told_and_the_server_stays(tmp_path):
    with Process(tmp_path / "nowhere") as worker:
        worker.read_until("there is no model folder")

        health = httpx.get(f"{worker.url}/health")

        assert health.status_code == 503
        assert health.json()["status"] == "failed"


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        result = CliRunner().invoke(command_line.app, ["serve", "--port", port])

    assert result.exit_code == 1
    assert "choose another with --port" in result.output


def test_convert_prints_the_folder_of_the_default_model(default_folder):
    result = CliRunner().invoke(command_line.app, ["convert"])

    assert result.stdout.strip() == str(default_folder)


def test_without_the_default_model_convert_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("inference.convert.GGUF_NAME", "absent.gguf")

    result = CliRunner().invoke(command_line.app, ["convert"])

    assert result.exit_code == 1
    assert "earshot doctor --install-default-model" in result.output


def test_engine_and_benchmark_need_no_web_framework():
    program = (
        "import sys, inference.engine, inference.loading, inference.bench.decide;"
        "sys.exit(any(name in sys.modules for name in ('fastapi', 'starlette', 'uvicorn')))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
