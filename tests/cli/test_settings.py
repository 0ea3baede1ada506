from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.config import Settings
from bot.environment import load_settings
from bot.errors import ConfigError
from bot.messages import Mode
from bot.secrets_shown import secrets_of, shown, without_password

SECRET = "hunter2-and-more"


def test_without_any_setting_the_defaults_hold():
    settings = load_settings()

    assert settings.model == ""
    assert settings.model_url is None
    assert settings.default_mode is Mode.ACTIVE
    assert (settings.burst_quiet_s, settings.burst_max_s) == (1.5, 6.0)
    assert settings.database_url.startswith("sqlite:///")
    assert settings.database_url.endswith("data/earshot/earshot.db")


def test_the_default_database_is_named_but_not_created():
    url = load_settings().database_url

    assert not Path(url.removeprefix("sqlite:///")).parent.exists()


def test_the_environment_wins_over_the_file(monkeypatch):
    Path(".env").write_text("EARSHOT_NAME=Filed\nEARSHOT_ROOM_PORT=9000\nOTHER=1\n")
    monkeypatch.setenv("EARSHOT_NAME", "Ears")

    settings = load_settings()

    assert (settings.name, settings.room_port) == ("Ears", 9000)


def test_an_empty_value_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("EARSHOT_MODEL_URL", "")
    monkeypatch.setenv("EARSHOT_WORKER_THREADS", "")

    settings = load_settings()

    assert settings.model_url is None
    assert settings.worker_threads is None


def test_modes_and_levels_are_read_in_any_case(monkeypatch):
    monkeypatch.setenv("EARSHOT_DEFAULT_MODE", "Mention")
    monkeypatch.setenv("EARSHOT_LOG_LEVEL", "DEBUG")

    settings = load_settings()

    assert settings.default_mode is Mode.MENTION
    assert settings.log_level == "debug"


def test_a_url_loses_its_last_slash(monkeypatch):
    monkeypatch.setenv("EARSHOT_MODEL_URL", "http://127.0.0.1:8000/v1/")

    assert load_settings().model_url == "http://127.0.0.1:8000/v1"


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().name = "Other"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("EARSHOT_MODLE", "EARSHOT_MODEL"),
        ("EARSHOT_DATABASE", "EARSHOT_DATABASE_URL"),
        ("earshot_discord_tokens", "EARSHOT_DISCORD_TOKEN"),
        ("EARSHOT_", "EARSHOT_"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(monkeypatch, written, meant):
    monkeypatch.setenv(written, SECRET)

    with pytest.raises(ConfigError) as refused:
        load_settings()

    assert str(refused.value).startswith(f"{written} is no setting of Earshot.")
    assert f"The nearest is {meant}" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_an_unknown_name_in_the_file_is_refused_too():
    Path(".env").write_text("EARSHOT_PORT=1\n")

    with pytest.raises(ConfigError, match=r"EARSHOT_PORT is no setting.*EARSHOT_ROOM_PORT"):
        load_settings()


def test_a_file_that_is_no_text_is_refused():
    Path(".env").write_bytes(b"EARSHOT_NAME=\xff\xfe")

    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARSHOT_ROOM_PORT", f"70000{SECRET}"),
        ("EARSHOT_ROOM_PORT", "65536"),
        ("EARSHOT_MAX_PROMPT_TOKENS", "1"),
        ("EARSHOT_MODEL_TIMEOUT_S", "0"),
        ("EARSHOT_WORKER_THREADS", "0"),
        ("EARSHOT_DEFAULT_MODE", SECRET),
        ("EARSHOT_LOG_LEVEL", SECRET),
        ("EARSHOT_DATABASE_URL", f"mysql://root:{SECRET}@db/earshot"),
        ("EARSHOT_DATABASE_URL", SECRET),
        ("EARSHOT_DATABASE_URL", "sqlite:file.db"),
        ("EARSHOT_DATABASE_URL", f"postgresql://earshot:{SECRET}@[db/earshot"),
        ("EARSHOT_DATABASE_URL", f"postgresql://earshot:{SECRET}@d\u2100b/earshot"),
        ("EARSHOT_MODEL_URL", f"ftp://me:{SECRET}@model/v1"),
        ("EARSHOT_MODEL_URL", SECRET),
        ("EARSHOT_DISCORD_GATEWAY", f"http://{SECRET}"),
        ("EARSHOT_NAME", f"Ear: {SECRET}"),
        ("EARSHOT_NAME", f"Ear\n{SECRET}"),
        ("EARSHOT_NAME", " "),
        ("EARSHOT_NAME", "x" * 33),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable_and_not_the_value(
    monkeypatch, name, value
):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as refused:
        load_settings()

    assert str(refused.value).startswith(f"{name}: ")
    assert len(str(refused.value).splitlines()) == 1
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_every_fault_is_told_at_once(monkeypatch):
    monkeypatch.setenv("EARSHOT_MODLE", "x")
    monkeypatch.setenv("EARSHOT_ROOM_PORT", "x")
    monkeypatch.setenv("EARSHOT_DEFAULT_MODE", "x")

    with pytest.raises(ConfigError) as refused:
        load_settings()

    assert len(str(refused.value).splitlines()) == 3


def test_a_burst_cannot_end_before_it_is_quiet(monkeypatch):
    monkeypatch.setenv("EARSHOT_BURST_MAX_S", "1")

    with pytest.raises(ConfigError) as refused:
        load_settings()

    fault = "EARSHOT_BURST_MAX_S must not be less than EARSHOT_BURST_QUIET_S"
    assert str(refused.value) == fault


def test_no_secret_is_shown():
    settings = Settings(
        database_url=f"postgresql://earshot:{SECRET}@db/earshot",
        model_url=f"https://me:{SECRET}@model/v1",
        model_api_key=SecretStr(SECRET),
        discord_token=SecretStr(SECRET),
    )

    everything = [repr(settings), str(settings)]
    everything += [shown(settings, field) for field in Settings.model_fields]

    assert SECRET not in " ".join(everything)
    assert shown(settings, "discord_token") == "set"
    assert shown(settings, "slack_bot_token") == "not set"
    assert shown(settings, "database_url") == "postgresql://earshot:***@db/earshot"
    assert shown(settings, "name") == "Earshot"


def test_passwords_are_secrets_as_written_and_as_meant():
    settings = Settings(
        database_url="postgresql://earshot:p%40ss@db/earshot", slack_bot_token=SecretStr("xoxb-1")
    )

    assert set(secrets_of(settings)) == {"p%40ss", "p@ss", "xoxb-1"}


def test_a_url_without_password_is_shown_as_it_is():
    assert without_password("sqlite:////var/earshot.db") == "sqlite:////var/earshot.db"
