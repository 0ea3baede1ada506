"""`earshot doctor --model` hands over to the worker program, with what the settings say."""

import pytest

from bot.cli import worker
from bot.cli.fit import tell_fit
from bot.config import Settings
from bot.supervisor import WorkerProcess


@pytest.fixture
def handed(monkeypatch):
    """The arguments of the process that this one would become."""
    given = []
    monkeypatch.setattr(worker.os, "execv", lambda _, command: given.extend(command[3:]))
    return given


def test_the_doctor_hands_a_model_over(earshot, handed):
    earshot("doctor", "--model", "some/model")

    assert handed == ["fit", "some/model", "--conversations", "8", "--tokens", "2048"]


def test_what_is_typed_counts_more_than_the_settings(earshot, handed, monkeypatch):
    monkeypatch.setenv("EARSHOT_PRECISION", "nf4")
    monkeypatch.setenv("EARSHOT_CONVERSATIONS", "20")

    earshot("doctor", "--model", "x", "--precision", "int8", "--json")

    assert handed == [
        *("fit", "x", "--precision", "int8", "--conversations", "20"),
        *("--tokens", "2048", "--json"),
    ]


@pytest.mark.parametrize("option", [["--json"], ["--precision", "nf4"], ["--conversations", "2"]])
def test_what_goes_with_a_model_is_refused_without_one(earshot, handed, option):
    answer = earshot("doctor", *option)

    assert answer.exit_code == 2
    assert "add --model" in answer.output
    assert handed == []


def test_an_empty_name_is_the_default_model(handed):
    settings = Settings(_env_file=None)

    tell_fit(settings, "", precision=None, conversations=None, as_json=False)

    assert handed[:2] == ["fit", "default"]


def test_the_worker_gets_precision_and_conversations(earshot, handed, monkeypatch):
    monkeypatch.setenv("EARSHOT_PRECISION", "bf16")

    earshot("worker")

    given = dict(zip(handed[1::2], handed[2::2], strict=True))
    assert (given["--precision"], given["--conversations"]) == ("bf16", "8")
    handed.clear()
    earshot("worker", "--precision", "int8", "--conversations", "30")
    given = dict(zip(handed[1::2], handed[2::2], strict=True))
    assert (given["--precision"], given["--conversations"]) == ("int8", "30")


def test_the_supervised_worker_gets_them_too():
    started = WorkerProcess(precision="nf4", conversations=3)

    command = " ".join(started._command)
    assert "--precision nf4 --conversations 3" in command
