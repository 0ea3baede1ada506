"""earshot data synthesize: a model writes, we take what is good, and no kill costs a line."""

import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.responses import JSONResponse
from typer.testing import CliRunner

from inference.__main__ import app
from inference.tune.data.plan import plan
from tests.data.conftest import chat, fault, good

FAST = ["--retries", "0", "--concurrency", "1"]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


@pytest.fixture
def run(server, out):
    """Synthesize, and give what the command did with the ids and the conversations it wrote."""

    def synthesize(*arguments, number=3, model="a", url=None):
        given = ["data", "synthesize", "--url", url or server.url, "--model", model]
        given += ["--out", str(out), "-n", str(number), *FAST, *arguments]
        return CliRunner().invoke(app, given, env={"EARSHOT_MODEL_API_KEY": ""})

    return synthesize


def written(out):
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def test_conversations_are_written_as_planned_with_structured_output(run, server, out):
    done = run(number=5)

    assert done.exit_code == 0, done.stderr
    conversations = written(out)
    planned = plan(5, seed=0)
    assert [one["id"] for one in conversations] == [item.id for item in planned]
    for item, conversation in zip(planned, conversations, strict=True):
        names = {line["name"] for line in conversation["messages"] if line["role"] == "user"}
        assert names == set(item.people)
        assert conversation["title"] == item.topic
        assert conversation["source"] == "synthetic"
    assert all(asked.fields["response_format"]["type"] == "json_schema" for asked in server.asked)
    assert "5 of 5 planned conversations are written." in done.stdout
    assert "5 answers took 50 tokens." in done.stdout
    assert CliRunner().invoke(app, ["data", "check", str(out)]).exit_code == 0


def test_several_requests_at_a_time_write_the_same_conversations(run, out):
    run("--concurrency", "4", number=8)

    assert sorted(one["id"] for one in written(out)) == [item.id for item in plan(8, seed=0)]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "response_format is not supported"),
        (422, "json_schema: extra fields not permitted"),
        (500, "failed to parse grammar"),
        (400, "bad request"),
    ],
)
def test_a_server_without_structured_output_is_asked_without(run, server, out, status, message):
    def answer(asked):
        if "response_format" in asked.fields:
            return fault(status, message)
        return f"Sure! Here is the chat:\n```json\n{good(asked)}\n```\nEnjoy."

    server.answer = answer
    done = run()

    assert done.exit_code == 0, done.stderr
    assert len(written(out)) == 3
    assert ["response_format" in asked.fields for asked in server.asked] == [True, *[False] * 3]


def test_fields_that_a_server_does_not_want_are_left_out_from_then_on(run, server, out):
    def answer(asked):
        if "max_tokens" in asked.fields:
            return fault(400, "Unsupported parameter", param="max_tokens")
        if "temperature" in asked.fields:
            return fault(400, "temperature must be 1")
        return good(asked)

    server.answer = answer
    run()

    assert len(written(out)) == 3
    assert len(server.asked) == 5
    assert server.asked[-1].fields["max_completion_tokens"] == 3000
    assert {"temperature", "max_tokens"}.isdisjoint(server.asked[-1].fields)


def cut_off(asked):
    return good(asked).replace('"}, {', '",},\n {')[:-20]


def python(asked):
    return f"messages = {chat(asked)}"


def curly_quotes(asked):
    return "[{}".format(json.dumps(chat(asked))[1:].replace('"name"', "“name”"))


def transcript(asked):
    return "\n".join(f"{line['name']}: {line['content']}" for line in chat(asked))


def thoughts(asked):
    return f"<think>[1, {{</think>{json.dumps(chat(asked))}"


@pytest.mark.parametrize("answer", [cut_off, python, curly_quotes, transcript, thoughts])
def test_what_can_be_repaired_is_taken(run, server, out, answer):
    server.answer = answer

    done = run()

    assert done.exit_code == 0, done.stdout
    assert len(written(out)) == 3


def test_garbage_is_asked_for_again_and_counted(run, server, out):
    server.answer = lambda asked: "(silence) (silence)" if asked.number % 2 else good(asked)

    done = run()

    assert len(written(out)) == 3
    assert "2 answers were not taken" in done.stdout
    assert "no messages could be read out of the answer" in done.stdout


def test_nothing_but_garbage_ends_with_an_account_and_leaves_no_file(run, server, out):
    server.answer = lambda asked: "()" * 100

    done = run("--tries", "2")

    assert done.exit_code == 1
    assert "0 of 3 planned conversations are written." in done.stdout
    assert "3 were given up after 2 tries each" in done.stdout
    assert "6 answers were not taken" in done.stdout
    assert "error: no answer was usable" in done.stderr
    assert not out.exists()


def test_the_same_chat_again_is_no_second_conversation(run, server, out):
    server.answer = lambda asked: json.dumps(
        {
            "messages": [
                {**line, "content": f"always the same line, number {number}"}
                for number, line in enumerate(chat(asked))
            ]
        }
    )

    done = run()

    assert len(written(out)) == 1
    assert "it says what another conversation says" in done.stdout


def test_what_the_file_holds_is_not_asked_for_again(run, server, out):
    run(number=2)
    done = run(number=4)

    assert [one["id"] for one in written(out)] == [item.id for item in plan(4, seed=0)]
    assert len(server.asked) == 4
    assert "4 of 4 planned conversations are written, 2 of them before." in done.stdout


def test_another_seed_is_another_plan_in_the_same_file(run, out):
    run(number=2)
    run("--seed", "7", number=2)

    assert len({one["id"] for one in written(out)}) == 4


def test_a_half_line_of_a_killed_run_is_cut_off(run, server, out):
    run(number=1)
    whole = out.read_bytes()
    out.write_bytes(whole + b'{"id": "half')

    run(number=2)

    assert [one["id"] for one in written(out)] == [item.id for item in plan(2, seed=0)]
    assert out.read_bytes().startswith(whole)


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


def test_ctrl_c_says_what_is_written(server, out):
    command = [sys.executable, "-m", "inference", "data", "synthesize", "--url", server.url]
    command += ["--model", "a", "--out", str(out), "-n", "4", *FAST]

    def interrupt_at_the_third(asked):
        if asked.number == 2:
            os.kill(running.pid, signal.SIGINT)
            # Nothing more to say: the answer comes after the end.
        return good(asked) if asked.number < 2 else fault(503, "going")

    server.answer = interrupt_at_the_third
    running = subprocess.Popen(
        [*command, "--retries", "9"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    stdout, stderr = running.communicate()

    assert running.returncode == 130
    assert "2 of 4 planned conversations are written." in stdout
    assert "Stopped. The same command goes on from here." in stderr
    assert "Traceback" not in stderr


def test_a_full_disk_leaves_whole_lines_only(server, out):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))

    command = [sys.executable, "-m", "inference", "data", "synthesize", "--url", server.url]
    done = subprocess.run(
        [*command, "--model", "a", "--out", str(out), "-n", "9", *FAST],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=small_files,
    )

    assert done.returncode == 1
    assert "cannot be written: File too large; what was written before stands" in done.stderr
    assert 0 < len(written(out)) < 9


def test_two_programs_never_write_one_file(run, server, out):
    held = out.open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run()
    finally:
        held.close()

    assert f"{out} is being written by another program" in done.stderr


def test_a_file_that_holds_something_else_is_not_added_to(run, out):
    out.write_text('{"messages": []}\n')

    done = run()

    assert done.exit_code == 1
    assert f'{out}, line 1: "messages" is empty' in done.stderr
    assert out.read_text() == '{"messages": []}\n'


def test_a_folder_that_is_not_there_is_told(run, server, tmp_path):
    command = ["data", "synthesize", "--url", server.url, "--model", "a"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "none" / "x.jsonl")])

    assert "x.jsonl cannot be written: No such file or directory" in done.stderr


def test_a_server_that_is_away_is_one_sentence(run, out):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    done = run(url=url)

    assert done.exit_code == 1
    assert done.stderr == (
        f"error: the model server at {url} cannot be reached: start it, or correct --url\n"
    )
    assert not out.exists()


def test_an_unknown_model_lists_those_there_are(run, server):
    server.answer = lambda asked: fault(404, "no such model")

    done = run(model="gpt-9")

    assert 'no model "gpt-9" ("no such model"); it has: a, b' in done.stderr


def test_a_wrong_address_says_how_it_often_ends(run, server):
    done = run(url=server.url.removesuffix("/v1"))

    assert "the address often ends in /v1" in done.stderr


def test_a_refused_key_is_told_and_never_shown(run, server):
    server.answer = lambda asked: fault(401, f"wrong key {asked.authorization}")

    done = run("--api-key", "sk-secret")

    assert "refused the key (HTTP 401)" in done.stderr
    assert "EARSHOT_MODEL_API_KEY" in done.stderr
    assert "sk-secret" not in done.stderr + done.stdout
    assert server.asked[0].authorization == "Bearer sk-secret"


def test_a_request_that_is_refused_for_good_ends_the_run(run, server):
    server.answer = lambda asked: fault(400, "context length exceeded")

    done = run()

    assert 'refused the request (HTTP 400) ("context length exceeded")' in done.stderr
    assert len(server.asked) == 2


def test_a_server_that_only_fails_is_given_up_and_what_stands_stays(run, server, out):
    server.answer = lambda asked: fault(503, "loading") if asked.number > 0 else good(asked)

    done = run(number=9)

    assert done.exit_code == 1
    assert "failed 5 times in a row, at last: HTTP 503" in done.stderr
    assert "1 of 9 planned conversations are written." in done.stdout
    assert len(written(out)) == 1


def test_what_is_no_completion_is_told(run, server):
    server.answer = lambda asked: JSONResponse({"hello": "world"})

    assert "is no chat completion" in run().stderr


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8000", "http://[::1", "http://x:notaport"])
def test_a_url_that_is_none_is_told(run, url):
    done = run(url=url)

    assert "--url is no address" in done.stderr


def test_a_password_in_the_url_is_not_shown(run, server):
    done = run(url=server.url.replace("//", "//me:hush@").replace("/v1", "/v2"))

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
