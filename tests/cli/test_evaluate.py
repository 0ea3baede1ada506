"""The model that `earshot evaluate` judges is the one that the settings name."""

from pathlib import Path

import pytest

from bot.cli import worker
from bot.cli.evaluate import with_settings
from bot.config import Settings


def flags(arguments, **settings):
    given = with_settings(arguments, Settings(_env_file=None, **settings))
    return dict(zip(given[len(arguments) :: 2], given[len(arguments) + 1 :: 2], strict=True))


def test_the_settings_model_and_adapter_are_judged():
    assert flags(["chats.jsonl"], model="some/model", adapter="quiet") == {
        "--name": "Earshot",
        "--model": "some/model",
        "--adapter": "quiet",
    }


def test_a_server_of_the_settings_has_its_own_adapter():
    given = flags(["chats.jsonl"], model_url="http://127.0.0.1:1/v1", adapter="quiet")

    assert given == {"--name": "Earshot", "--model-url": "http://127.0.0.1:1/v1"}


@pytest.mark.parametrize(
    "choice", [["--model", "x"], ["--model=x"], ["--model-url", "http://127.0.0.1:1/v1"]]
)
def test_a_model_that_is_typed_stands_alone(choice):
    given = flags(["chats.jsonl", *choice], model="some/model", adapter="quiet")

    assert given == {"--name": "Earshot"}


@pytest.mark.parametrize("choice", [["--adapter", "y"], ["--prompted"]])
def test_another_adapter_or_none_is_judged_on_the_settings_model(choice):
    given = flags(["chats.jsonl", *choice], model="some/model", adapter="quiet", chat_form="f")

    assert given == {"--name": "Earshot", "--model": "some/model"}


def test_another_chat_form_changes_nothing_else():
    given = flags(["chats.jsonl", "--chat-form", "f"], model="some/model", adapter="quiet")

    assert given == {"--name": "Earshot", "--model": "some/model", "--adapter": "quiet"}


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (["--prompted"], {"--model": "served", "--model-url": "http://127.0.0.1:1/v1"}),
        (["--adapter", "y"], {}),
    ],
)
def test_a_server_is_judged_prompted_and_never_with_an_adapter_of_this_machine(choice, kept):
    given = flags(["chats.jsonl", *choice], model_url="http://127.0.0.1:1/v1", model="served")

    assert given == {"--name": "Earshot", **kept}


def test_an_adapter_of_the_settings_is_put_on_what_the_bot_would_put_it_on():
    given = flags(["chats.jsonl"], adapter="quiet")

    assert given == {"--name": "Earshot", "--model": "default", "--adapter": "quiet"}


def test_the_name_typed_wins():
    assert flags(["chats.jsonl", "--name", "Robin"], name="Earshot") == {}


def test_help_is_asked_for_as_typed():
    assert with_settings(["--help"], Settings(_env_file=None)) == ["--help"]


@pytest.mark.parametrize(
    "command",
    [["evaluate", "chats.jsonl"], ["data", "synthesize", "--url", "http://127.0.0.1:1/v1"]],
)
def test_the_key_of_dotenv_reaches_the_program_and_no_command_line(earshot, monkeypatch, command):
    Path(".env").write_text("EARSHOT_MODEL_API_KEY=sk-secret\n")
    handed = []
    monkeypatch.setattr(worker.os, "execve", lambda *given: handed.append(given))

    result = earshot(*command)

    assert result.exit_code == 0, result.exception
    ((_, words, environment),) = handed
    assert environment["EARSHOT_MODEL_API_KEY"] == "sk-secret"
    assert "PATH" in environment
    assert "sk-secret" not in " ".join(words)


def test_it_is_judged_in_the_precision_of_the_settings():
    assert flags(["chats.jsonl"], precision="nf4")["--precision"] == "nf4"
    assert "--precision" not in flags(["chats.jsonl", "--precision=int8"], precision="nf4")
