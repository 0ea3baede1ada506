"""`earshot slack` and `earshot run`: what is missing is said in a sentence, before anything starts."""

import json

import pytest
import yaml
from cryptography.fernet import Fernet

from bot.cli import on_platform
from bot.cli.check_slack import check_slack
from bot.cli.on_platform import run_everywhere, run_on_slack
from bot.config import Settings
from bot.errors import ConfigError


def test_the_manifest_is_printed_ready_to_paste(earshot):
    as_yaml = earshot("slack", "manifest")
    as_json = earshot("slack", "manifest", "--json")

    assert as_yaml.exit_code == as_json.exit_code == 0
    assert yaml.safe_load(as_yaml.stdout) == json.loads(as_json.stdout)
    assert json.loads(as_json.stdout)["settings"]["socket_mode_enabled"] is True


def test_the_manifest_bears_the_name_of_the_settings(earshot, monkeypatch):
    monkeypatch.setenv("EARSHOT_NAME", "Robin")

    given = json.loads(earshot("slack", "manifest", "--json").stdout)

    assert given["display_information"]["name"] == "Robin"


def test_the_manifest_for_http_names_the_addresses(earshot):
    given = earshot("slack", "manifest", "--http", "https://bot.example.com")

    assert "https://bot.example.com/slack/events" in given.stdout


@pytest.mark.parametrize(
    "url",
    ["http://bot.example.com", "bot.example.com", "https://", "https://bot.example.com/slack/"],
)
def test_the_manifest_takes_no_address_that_slack_would_not(earshot, url):
    refused = earshot("slack", "manifest", "--http", url)

    assert refused.exit_code == 2
    assert "https://" in refused.stderr


def test_a_key_is_printed_and_is_another_each_time(earshot):
    keys = {earshot("slack", "key").stdout.strip() for _ in range(2)}

    assert len(keys) == 2
    for key in keys:
        Fernet(key)


def test_without_tokens_it_says_which_setting_and_where_the_token_is(earshot):
    refused = earshot("slack")

    assert isinstance(refused.exception, ConfigError)
    assert "EARSHOT_SLACK_BOT_TOKEN is not set: https://api.slack.com/apps" in str(
        refused.exception
    )


def test_run_without_any_token_names_all_platforms(earshot):
    refused = earshot("run")

    assert isinstance(refused.exception, ConfigError)
    for name in ("EARSHOT_DISCORD_TOKEN", "EARSHOT_SLACK_BOT_TOKEN", "earshot room"):
        assert name in str(refused.exception)


def test_run_with_half_of_slack_s_tokens_says_what_is_missing(database_url):
    settings = Settings(slack_app_token="xapp-1", database_url=database_url)

    with pytest.raises(ConfigError, match="EARSHOT_SLACK_BOT_TOKEN is not set"):
        run_everywhere(settings)


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(on_platform.importlib.util, "find_spec", lambda _: None)
    settings = Settings(slack_bot_token="xoxb-1")

    for run in (run_on_slack, run_everywhere):
        with pytest.raises(ConfigError, match=r"pip install '\.\[slack\]' in your copy of Earshot"):
            run(settings)
    (finding,) = check_slack(settings)
    assert not finding.ok
    assert "'.[slack]' in your copy" in finding.remedy


def test_the_doctor_asks_slack_only_where_a_token_is_set():
    assert check_slack(Settings()) == []

    (finding,) = check_slack(Settings(slack_bot_token="xoxb-1"))

    assert finding.about == "slack"
    assert "EARSHOT_SLACK_APP_TOKEN" in finding.remedy
