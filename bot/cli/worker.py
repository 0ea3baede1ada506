"""Hands over to the worker program in `inference/`, which this program never imports.

The process is replaced, so signals, output and exit code are the worker's own.
"""

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from bot.errors import ConfigError
from bot.worker_child import PROGRAM
from inference.wire.extras import install

NEEDED = ("torch", "transformers", "peft")


# For commands whose options the worker program knows: all that is typed goes there, `--help` too.
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def become_inference(
    arguments: Sequence[str],
    *,
    needed: Sequence[str] = NEEDED,
    environment: Mapping[str, str] | None = None,
) -> NoReturn:
    """Replace this process by `python -m inference ARGUMENTS`, in this environment or another.

    Raises ConfigError if the worker's packages, those that are `needed`, are not installed.
    """
    if not worker_is_installed(needed):
        raise ConfigError(f"The worker's packages are missing: {install('worker')}")
    sys.stdout.flush()
    sys.stderr.flush()
    command = [*PROGRAM, *arguments]
    if environment is None:
        os.execv(PROGRAM[0], command)  # noqa: S606 - no shell
    else:
        os.execve(PROGRAM[0], command, environment)  # noqa: S606 - no shell


def worker_is_installed(needed: Sequence[str] = NEEDED) -> bool:
    """Tell whether the packages of the extra `worker` are there; imports none of them."""
    return all(importlib.util.find_spec(package) for package in needed)
