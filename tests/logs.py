"""What was logged while a test ran."""

import logging
from collections.abc import Iterable

import pytest


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """List the lines of our own log, from this level on."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.levelno >= level and each.name.startswith("bot.")
    ]


def warnings_in(records: Iterable[logging.LogRecord]) -> list[str]:
    """List what was logged as going wrong, by whomever."""
    return [record.getMessage() for record in records if record.levelno >= logging.WARNING]
