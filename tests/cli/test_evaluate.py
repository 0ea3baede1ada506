"""The model that `earshot evaluate` judges is the one that the settings name."""

import pytest

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
    "choice", [["--model", "x"], ["--model=x"], ["--adapter", "y"], ["--prompted"]]
)
def test_what_is_typed_stands_alone(choice):
    given = flags(["chats.jsonl", *choice], model="some/model", adapter="quiet")

    assert given == {"--name": "Earshot"}


def test_the_name_typed_wins():
    assert flags(["chats.jsonl", "--name", "Robin"], name="Earshot") == {}


def test_help_is_asked_for_as_typed():
    assert with_settings(["--help"], Settings(_env_file=None)) == ["--help"]
