"""`earshot health`: status 0 while the bot hears, 1 and a sentence if it does not."""

import json
import time

import pytest

from bot.errors import ConfigError
from bot.heartbeat import DEAF_S


@pytest.fixture
def file(tmp_path, monkeypatch):
    file = tmp_path / "health"
    monkeypatch.setenv("EARSHOT_HEALTH_FILE", str(file))
    return file


def written(file, **silent_s):
    """Let a bot have written just now, when it last heard each platform so long ago."""
    now = time.time()
    heard_at = {name: now - seconds for name, seconds in silent_s.items()}
    file.write_text(json.dumps({"written_at": now, "heard_at": heard_at}))


def test_a_bot_that_hears_is_well(earshot, file):
    written(file, Discord=1.0, Slack=2.0)

    told = earshot("health")

    assert (told.exit_code, told.stdout) == (0, "The bot hears Discord and Slack.\n")


def test_a_deaf_bot_is_told_by_its_platform(earshot, file):
    written(file, Discord=1.0, Slack=DEAF_S + 60)

    told = earshot("health")

    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.startswith("the bot hears nothing of Slack, for ")


def test_where_no_bot_runs_that_is_told(earshot, file):
    told = earshot("health")

    assert told.exit_code == 1
    assert told.stderr.startswith("no bot runs that writes ")


def test_without_a_file_it_says_which_setting_is_missing(earshot):
    told = earshot("health")

    assert isinstance(told.exception, ConfigError)
    assert "EARSHOT_HEALTH_FILE is not set" in str(told.exception)
