"""Reads the settings from the environment and from `.env`, for whoever starts a program.

An error names the variable and what is wrong with it, never the value: it may be a secret.
"""

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from bot.config import PREFIX, Settings, variable
from bot.errors import ConfigError

DOTENV = Path(".env")


def load_settings(dotenv: Path = DOTENV) -> Settings:
    """Read the settings from the environment, then from the file `dotenv` if it exists.

    Raises ConfigError with one line a fault: an unknown EARSHOT_ name, or a value out of range.
    """
    faults = list(_unknown(_given_names(dotenv)))
    try:
        settings = Settings(_env_file=dotenv)
    except ValidationError as error:
        # Without the cause: a traceback of pydantic's may show the values.
        raise ConfigError("\n".join([*faults, *_described(error)])) from None
    if faults:
        raise ConfigError("\n".join(faults))
    return settings


def environment_with_key(settings: Settings) -> dict[str, str]:
    """Give the environment with the model server's key, which may stand in `.env` alone."""
    key = settings.model_api_key
    told = {} if key is None else {variable("model_api_key"): key.get_secret_value()}
    return {**os.environ, **told}


def _given_names(dotenv: Path) -> list[str]:
    try:
        written = dotenv_values(dotenv, encoding="utf-8") if dotenv.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{dotenv} cannot be read; it must be a UTF-8 text file.") from error
    return sorted(name for name in {*os.environ, *written} if name.upper().startswith(PREFIX))


def _unknown(names: Iterable[str]) -> Iterator[str]:
    known = [variable(field) for field in Settings.model_fields]
    for name in names:
        if name.upper() not in known:
            nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)
            yield f"{name} is no setting of Earshot. The nearest is {nearest[0]}."


def _described(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        what = fault["msg"].removeprefix("Value error, ")
        yield f"{variable(str(fault['loc'][0]))}: {what}" if fault["loc"] else what
