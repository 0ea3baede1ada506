"""A missing package is told before the work, not after it."""

import importlib.util

import pytest
from typer.testing import CliRunner

from inference.__main__ import app

CHATS = '{"messages": [{"role": "user", "name": "Ana", "content": "hi"}]}'


@pytest.mark.parametrize("command", ["train --out {0}/out --data", "evaluate"])
def test_without_scikit_learn_it_is_said_at_once_what_to_install(monkeypatch, tmp_path, command):
    chats = tmp_path / "chats.jsonl"
    chats.write_text(CHATS, encoding="utf-8")
    monkeypatch.setattr("inference.tune.packages.find_spec", lambda _: None)

    result = CliRunner().invoke(app, [*command.format(tmp_path).split(), str(chats)])

    assert result.exit_code == 1
    assert "pip install '.[tune]' in your copy of Earshot" in result.stderr


def test_without_matplotlib_a_report_is_refused_before_the_work(monkeypatch, tmp_path):
    chats = tmp_path / "chats.jsonl"
    chats.write_text(CHATS, encoding="utf-8")
    really = importlib.util.find_spec
    monkeypatch.setattr(
        "inference.tune.packages.find_spec",
        lambda name: None if name == "matplotlib" else really(name),
    )

    result = CliRunner().invoke(app, ["evaluate", str(chats), "--report", str(tmp_path / "report")])

    assert result.exit_code == 1
    assert "matplotlib: pip install '.[tune]' in your copy of Earshot" in result.stderr
    assert not (tmp_path / "report").exists()
