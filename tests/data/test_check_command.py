"""`earshot data check`: what it prints, and how it ends."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from inference.__main__ import app
from inference.tune.data.faults import Gravity
from tests.data.checked import GOOD, chat, user, write


@pytest.fixture
def written(tmp_path):
    return partial(write, tmp_path)


def test_the_command_prints_the_faults_and_the_table_whole_when_piped(written):
    file = written(GOOD, b"oops", {"id": "x", "messages": []}, chat(user("[b]", "Ana:"), id="b"))

    done = CliRunner().invoke(app, ["data", "check", str(file)])

    assert done.exit_code == 1
    assert f"{file}:2: error: not JSON: Expecting value at column 1" in done.stdout
    assert f'{file}:3: error: "messages" is empty' in done.stdout
    assert "2 errors: this cannot be trained on as it is." in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("│ chats.jsonl"))
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == [
        *("chats.jsonl", "4", "2", "3", "33.3%", "33.3%", "1-2", "2 (1-3)", "23", "0", "2", "1"),
    ]


def test_warnings_alone_leave_with_0_and_can_be_left_out(written):
    file = written(GOOD, GOOD)

    done = CliRunner().invoke(app, ["data", "check", str(file), "--errors-only"])

    assert done.exit_code == 0
    assert ": warning:" not in done.stdout
    assert "This can be trained on. 2 warnings." in done.stdout


def test_json_is_all_that_is_printed(written):
    file = written(GOOD, b"oops")

    done = CliRunner().invoke(app, ["data", "check", str(file), "--json"])

    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["trainable"] is False
    assert told["files"][0]["usable"] == 1
    assert told["faults"] == [
        {
            "file": str(file),
            "line": 2,
            "gravity": Gravity.ERROR.value,
            "reason": "not JSON: Expecting value at column 1",
        }
    ]


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    done = CliRunner().invoke(app, ["data", "check", str(tmp_path / "none.jsonl")])

    assert done.exit_code == 1
    assert done.stderr == (
        f"error: {tmp_path}/none.jsonl cannot be read: No such file or directory\n"
    )
