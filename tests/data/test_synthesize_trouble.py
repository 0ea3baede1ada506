"""earshot data synthesize in trouble: no kill costs a line, and a sentence says what is wrong."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fastapi.responses import JSONResponse
from typer.testing import CliRunner

from inference.__main__ import app
from inference.tune.data.plan import plan
from tests.data.conftest import FAST, fault, good, written

OTHER = '{"id": "o", "messages": [{"role": "user", "name": "Ana", "content": "hi"}]}'


def test_a_kill_costs_no_line_and_the_same_command_goes_on(server, out):
    command = [sys.executable, "-m", "inference", "data", "synthesize", "--url", server.url]
    command += ["--model", "a", "--out", str(out), "-n", "6", *FAST]
    killed = []

    def kill_at_the_fourth(asked):
        if asked.number == 3 and not killed:
            killed.append(first.pid)
            os.kill(first.pid, signal.SIGKILL)
        return good(asked)

    server.answer = kill_at_the_fourth
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first.communicate()
    before = written(out)
    again = subprocess.run(command, capture_output=True, text=True, check=False)

    assert first.returncode == -signal.SIGKILL
    assert [one["id"] for one in before] == [item.id for item in plan(3, seed=0)]
    assert again.returncode == 0, again.stderr
    assert [one["id"] for one in written(out)] == [item.id for item in plan(6, seed=0)]
    assert written(out)[:3] == before


@pytest.fixture
def ctrl_c():
    """Let programs hear SIGINT, which a shell makes all that it starts with `&` ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.SIGINT
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_says_what_is_written(server, out, ctrl_c):
    command = [sys.executable, "-m", "inference", "data", "synthesize", "--url", server.url]
    command += ["--model", "a", "--out", str(out), "-n", "4", *FAST]
    at_the_third = threading.Event()

    def fail_from_the_third(asked):
        if asked.number < 2:
            return good(asked)
        at_the_third.set()
        return fault(503, "going")

    server.answer = fail_from_the_third
    running = subprocess.Popen(
        [*command, "--retries", "9"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert at_the_third.wait(timeout=60)
    running.send_signal(ctrl_c)
    stdout, stderr = running.communicate()

    assert running.returncode == 130
    assert "2 of 4 planned conversations are written." in stdout
    assert "Stopped. The same command goes on from here." in stderr
    assert "Traceback" not in stderr


def test_a_full_disk_leaves_whole_lines_only(server, out, file_size_limit):
    command = [sys.executable, "-m", "inference", "data", "synthesize", "--url", server.url]
    command += ["--model", "a", "--out", str(out), "-n", "9", *FAST]
    with file_size_limit(2500):  # not a preexec_fn, which the server's thread can break
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, stderr = running.communicate()

    assert running.returncode == 1
    assert b"cannot be written: File too large; what was written before stands" in stderr
    assert 0 < len(written(out)) < 9


def test_two_programs_never_write_one_file(synthesized, server, out):
    held = out.open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = synthesized()
    finally:
        held.close()

    assert f"{out} is being written by another program" in done.stderr


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ('{"messages": []}\n', 'line 1: "messages" is empty'),
        ('{"name": "settings"}', 'line 1: "messages" is missing'),
        ('{"id": "1"}\n{"id": "2"}', 'line 1: "messages" is missing'),
        ("a,b\n1,2\n3,", "line 1: not JSON"),
        ("no line at all", "ends in half a line"),
        (f"{OTHER}\n{OTHER[:-5]}", "ends in half a line"),
    ],
)
def test_a_file_that_holds_something_else_is_left_as_it_is(synthesized, server, out, held, words):
    out.write_text(held)

    done = synthesized()

    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: {out}")
    assert words in done.stderr
    assert out.read_text() == held
    assert server.asked == []


def test_conversations_of_others_are_added_to_whether_the_last_has_its_end(synthesized, out):
    out.write_text(OTHER)

    synthesized(number=2)

    assert [one["id"] for one in written(out)] == ["o", *(item.id for item in plan(2, seed=0))]
    assert out.read_text().startswith(f"{OTHER}\n")


def test_a_folder_that_is_not_there_is_told(synthesized, server, tmp_path):
    command = ["data", "synthesize", "--url", server.url, "--model", "a"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "none" / "x.jsonl")])

    assert "x.jsonl cannot be written: No such file or directory" in done.stderr


def test_a_server_that_is_away_is_one_sentence(synthesized, out):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    done = synthesized(url=url)

    assert done.exit_code == 1
    assert done.stderr == (
        f"error: the model server at {url} cannot be reached: start it, or correct --url\n"
    )
    assert not out.exists()


def test_an_unknown_model_lists_those_there_are(synthesized, server):
    server.answer = lambda asked: fault(404, "no such model")

    done = synthesized(model="gpt-9")

    assert 'no model "gpt-9" ("no such model"); it has: a, b' in done.stderr


def test_a_wrong_address_says_how_it_often_ends(synthesized, server):
    done = synthesized(url=server.url.removesuffix("/v1"))

    assert "the address often ends in /v1" in done.stderr


def test_a_refused_key_is_told_and_never_shown(synthesized, server):
    server.answer = lambda asked: fault(401, f"wrong key {asked.authorization}")

    done = synthesized("--api-key", "sk-secret")

    assert "refused the key (HTTP 401)" in done.stderr
    assert "EARSHOT_MODEL_API_KEY" in done.stderr
    assert "sk-secret" not in done.stderr + done.stdout
    assert server.asked[0].authorization == "Bearer sk-secret"


def test_a_request_that_is_refused_for_good_ends_the_run(synthesized, server):
    server.answer = lambda asked: fault(400, "context length exceeded")

    done = synthesized()

    assert 'refused the request (HTTP 400) ("context length exceeded")' in done.stderr
    assert len(server.asked) == 2


def test_a_server_that_only_fails_is_given_up_and_what_stands_stays(synthesized, server, out):
    server.answer = lambda asked: fault(503, "loading") if asked.number > 0 else good(asked)

    done = synthesized(number=9)

    assert done.exit_code == 1
    assert "failed 5 times in a row, at last: HTTP 503" in done.stderr
    assert "1 of 9 planned conversations are written." in done.stdout
    assert len(written(out)) == 1


def test_what_is_no_completion_is_told(synthesized, server):
    server.answer = lambda asked: JSONResponse({"hello": "world"})

    assert "is no chat completion" in synthesized().stderr


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8000", "http://[::1", "http://x:notaport"])
def test_a_url_that_is_none_is_told(synthesized, url):
    done = synthesized(url=url)

    assert "--url is no address" in done.stderr


def test_a_password_in_the_url_is_not_shown(synthesized, server):
    done = synthesized(url=server.url.replace("//", "//me:hush@").replace("/v1", "/v2"))

    assert "hush" not in done.stderr + done.stdout
    assert done.exit_code == 1


def test_the_lists_are_rich_and_name_nobody_twice():
    folder = Path(__file__).parents[2] / "inference" / "tune" / "data"
    names = json.loads((folder / "names.json").read_text())
    topics = json.loads((folder / "topics.json").read_text())

    every_name = [*names["names"], *names["handles"]]
    every_topic = [topic for held in topics.values() for topic in held]
    assert len(every_name) == len({name.casefold() for name in every_name}) >= 300
    assert len(every_topic) == len(set(every_topic)) >= 200
