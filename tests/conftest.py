"""What every test shares: nobody's own settings or history, and a database file of its own."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _nobody_s_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the settings and the history of whoever runs the tests."""
    for name in list(os.environ):  # noqa: TID251 - what is not read cannot be hidden
        if name.upper().startswith("EARSHOT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Name a database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'earshot.db'}"
