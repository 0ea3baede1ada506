import logging

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.logs import TALKATIVE


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch, tmp_path):
    """Start each command where there is no .env."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _logging_as_before():
    """Take back the logging that a command sets up: its stream ends with the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def earshot():
    """Run `earshot ARGUMENTS` in this process."""
    return lambda *arguments: CliRunner().invoke(app, arguments)
