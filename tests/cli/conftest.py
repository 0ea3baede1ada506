import pytest
from typer.testing import CliRunner

from bot.cli.app import app


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch, tmp_path):
    """Start each command where there is no .env."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def earshot():
    """Run `earshot ARGUMENTS` in this process."""
    return lambda *arguments: CliRunner().invoke(app, arguments)
