import importlib.metadata
import logging
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot import __main__ as program, runtime
from bot.cli import bench, replay as replaying, worker
from bot.errors import ConfigError, PlatformError, StoreError
from bot.supervisor import WorkerStatus

ROOT = Path(__file__).parents[2]


def test_help_imports_nothing_heavy():
    code = "import sys; import bot.cli.app; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    heavy = {"openai", "sqlalchemy", "fastapi", "uvicorn", "pydantic", "torch", "transformers"}
    assert not heavy & set(loaded)


def test_help_lists_the_commands(earshot):
    result = earshot("--help")

    assert result.exit_code == 0
    for command in ("room", "chat", "worker", "replay", "doctor", "db", "bench"):
        assert command in result.output


def test_the_version_is_the_package_s(earshot, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "1.2.3")

    assert earshot("--version").output == "earshot 1.2.3\n"


def test_a_wrong_setting_is_a_sentence_on_stderr_and_exit_code_78(monkeypatch):
    monkeypatch.setenv("EARSHOT_MODLE", "hunter2")

    ended = subprocess.run(
        [sys.executable, "-m", "bot", "chat"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 78
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "EARSHOT_MODLE is no setting of Earshot. The nearest is EARSHOT_MODEL."
    ]


@pytest.mark.parametrize(
    ("error", "status"), [(ConfigError, 78), (StoreError, 1), (PlatformError, 1)]
)
def test_the_error_is_all_that_is_printed(monkeypatch, capsys, error, status):
    def failing(**_options):
        raise error("Port [8765] is taken.")

    monkeypatch.setattr("bot.cli.app.app", failing)

    with pytest.raises(SystemExit) as ended:
        program.main()

    assert ended.value.code == status
    assert capsys.readouterr() == ("", "Port [8765] is taken.\n")


def test_ctrl_c_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(**_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.cli.app.app", interrupted)

    with pytest.raises(SystemExit) as ended:
        program.main()

    assert ended.value.code == 128 + signal.SIGINT
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_in_a_command_ends_without_a_traceback(earshot, monkeypatch):
    async def interrupted(_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(runtime, "run_chat", interrupted)

    result = earshot("chat")

    assert (result.exit_code, result.output) == (130, "")


@pytest.mark.parametrize(
    ("options", "set_level", "level"),
    [
        ([], "", logging.WARNING),
        ([], "info", logging.INFO),
        (["--verbose"], "", logging.DEBUG),
    ],
)
def test_the_terminal_chat_is_not_drowned_in_log_lines(
    earshot, monkeypatch, options, set_level, level
):
    levels = []

    async def run_chat(_settings):
        levels.append(logging.getLogger().level)

    monkeypatch.setattr(runtime, "run_chat", run_chat)
    monkeypatch.setenv("EARSHOT_LOG_LEVEL", set_level)

    earshot(*options, "chat")

    assert levels == [level]


def test_the_room_is_served_where_the_settings_say(earshot, monkeypatch):
    served = []

    async def run_room(settings, *, host, port, on_open, on_status):
        served.append((settings.name, host, port))
        on_status(WorkerStatus("loading", "converting the default model: 40%", 0.4))
        on_open(f"http://{host}:8765")

    monkeypatch.setattr(runtime, "run_room", run_room)
    monkeypatch.setenv("EARSHOT_NAME", "Ears")
    monkeypatch.setenv("EARSHOT_ROOM_PORT", "0")

    by_settings = earshot("room")
    by_options = earshot("--verbose", "room", "--host", "localhost", "--port", "0")

    assert (by_settings.exit_code, by_options.exit_code) == (0, 0)
    assert by_settings.stderr == "The room is open: http://127.0.0.1:8765  (Ctrl-C closes it)\n"
    assert served == [("Ears", "127.0.0.1", 0), ("Ears", "localhost", 0)]


def test_a_busy_port_names_the_option(earshot):
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = earshot("room", "--port", str(server.getsockname()[1]))

    assert isinstance(result.exception, ConfigError)
    assert "--port" in str(result.exception)


def test_db_upgrade_creates_the_database(earshot, monkeypatch, absent_database_url, tmp_path):
    monkeypatch.setenv("EARSHOT_DATABASE_URL", absent_database_url)

    result = earshot("db", "upgrade")

    assert result.exit_code == 0, result.exception
    assert result.stdout == "The history database is up to date.\n"
    assert (tmp_path / "absent.db").exists()


def test_replay_hands_its_options_over(earshot, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(replaying, "replay", lambda *a, **k: calls.append((*a[1:], k)))
    file = tmp_path / "c.jsonl"

    result = earshot("replay", str(file), "--own-history", "--limit", "2", "--json")

    assert result.exit_code == 0, result.exception
    options = replaying.Options(own_history=True, as_json=True, with_replies=True)
    assert calls == [(file, {"limit": 2, "options": options})]


@pytest.mark.parametrize("name", ["intake", "pipeline", "room"])
def test_benchmarks_hand_their_options_over(earshot, monkeypatch, name):
    calls = []
    monkeypatch.setattr(bench, name, lambda **options: calls.append(options))

    result = earshot("bench", name, "--messages", "7", "--json")

    assert result.exit_code == 0, result.exception
    assert calls == [{"num_messages": 7, "as_json": True}]


@pytest.fixture
def executed(monkeypatch):
    """Note what would replace this process."""
    calls = []
    monkeypatch.setattr(worker.os, "execv", lambda _program, words: calls.append(words[1:]))
    return calls


def test_worker_becomes_the_inference_program(earshot, monkeypatch, executed):
    monkeypatch.setenv("EARSHOT_MODEL", "models/one")
    monkeypatch.setenv("EARSHOT_ADAPTER", "adapters/one")
    monkeypatch.setenv("EARSHOT_WORKER_THREADS", "3")

    earshot("worker")
    earshot("worker", "--port", "1", "--model", "two", "--adapter", "a2")

    serve = ["-m", "inference", "serve", "--host", "127.0.0.1", "--port"]
    always = ["--threads", "3", "--conversations", "8"]
    assert executed == [
        [*serve, "8000", "--model", "models/one", *always, "--adapter", "adapters/one"],
        [*serve, "1", "--model", "two", *always, "--adapter", "a2"],
    ]


def test_the_worker_is_told_of_every_adapter_and_bound(earshot, executed):
    several = ["--adapter", "a", "--adapter", "b=c", "--dynamic-adapters"]

    earshot("worker", *several, "--max-cached-tokens", "512", "--max-waiting", "9")

    assert executed[0][-9:] == ["--max-cached-tokens", "512", "--max-waiting", "9", *several]


def test_the_default_model_is_not_named_to_the_worker(earshot, executed):
    earshot("worker")

    assert "--model" not in executed[0]


def test_bench_decide_becomes_the_inference_program(earshot, executed):
    earshot("bench", "decide", "--histories", "256,512", "--json")

    assert executed == [["-m", "inference", "bench", "decide", "--histories", "256,512", "--json"]]


@pytest.mark.parametrize("command", [["worker"], ["bench", "decide"]])
def test_without_the_worker_s_packages_it_says_what_to_install(earshot, monkeypatch, command):
    monkeypatch.setattr(worker.importlib.util, "find_spec", lambda _name: None)

    result = earshot(*command)

    assert isinstance(result.exception, ConfigError)
    assert "pip install '.[worker]' in your copy of Earshot" in str(result.exception)
