"""Hands over to the worker program in `inference/`, which this program never imports.

The process is replaced, so signals, output and exit code are the worker's own.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from bot.errors import ConfigError

NEEDED = ("torch", "transformers", "peft")


def become_inference(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by `python -m inference ARGUMENTS`.

    Raises ConfigError if the worker's packages are not installed.
    """
    if not worker_is_installed():
        raise ConfigError("The worker's packages are missing: pip install 'earshot[worker]'")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "inference", *arguments])  # noqa: S606 - no shell


def worker_is_installed() -> bool:
    """Tell whether the packages of the extra `worker` are there; imports none of them."""
    return all(importlib.util.find_spec(package) for package in NEEDED)


def options(**values: object) -> list[str]:
    """Spell options for a command line; None leaves one out.

    >>> options(port=1, model=None, max_cached_tokens=5)
    ['--port', '1', '--max-cached-tokens', '5']
    """
    given = {name: value for name, value in values.items() if value is not None}
    return [
        word
        for name, value in given.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
