"""Logging for a person at a terminal: one line a record on stderr, and no secret in it."""

import logging
import sys
from collections.abc import Sequence
from typing import TextIO

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# At "info" they log each request and each plugin; what these serve is a line of ours.
TALKATIVE = (
    "alembic",
    "discord",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "openai",
    "slack_bolt",
    "slack_sdk",
)


class RedactingFormatter(logging.Formatter):
    """Formats as usual, then replaces each secret with `***`, tracebacks included."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__(FORMAT, datefmt="%H:%M:%S")
        # Longest first: a secret may be a part of another.
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Give the text of a record without secrets."""
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to whatever sys.stderr is: a progress bar stands in for it, to stay below the lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


def configure_logging(level: str, *, secrets: Sequence[str]) -> None:
    """Send what is logged from `level` on ("debug" to "error") to stderr."""
    handler = StderrHandler()
    handler.setFormatter(RedactingFormatter(secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")
