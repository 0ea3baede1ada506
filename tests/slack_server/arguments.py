"""The arguments of a method: which there are, of what type, and how they come over the wire.

Slack overlooks what it does not know; this server refuses it, so that a typo does not pass.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.slack_server.refusals import invalid_arguments
from tests.slack_server.world import Json

EVERYWHERE = {"team_id"}  # Bolt adds it to all that its client asks
_TS = re.compile(r"\d{1,12}\.\d{6}")
_YES, _NO = {"1", "true", "True"}, {"0", "false", "False"}


class WrongTypeError(Exception):
    """A value that is not of the type of its argument."""


@dataclass(frozen=True)
class Argument:
    name: str
    type: str
    required: bool


def spelled(spec: str) -> dict[str, Argument]:
    """Read a list such as "channel! limit:int blocks:list"; a ! marks what is required."""
    return {one.name: one for one in map(_argument, spec.split())}


def _argument(word: str) -> Argument:
    name, _, kind = word.partition(":")
    return Argument(name.rstrip("!"), (kind or "str").rstrip("!"), word.endswith("!"))


def checked(given: Mapping[str, Any], known: Mapping[str, Argument]) -> Json:
    """Give the arguments as what they mean; raise `Refused` for what is wrong with them."""
    anywhere = set(known) | EVERYWHERE
    wrong = [f"unknown argument: {name}" for name in given if name not in anywhere]
    values: Json = {}
    for argument in known.values():
        value = given.get(argument.name)
        if value is None or (value == "" and argument.required):
            if argument.required:
                wrong.append(f"missing required field: {argument.name}")
            continue
        try:
            values[argument.name] = _READERS[argument.type](value)
        except WrongTypeError:
            wrong.append(f"must be {argument.type}: {argument.name}")
    if wrong:
        raise invalid_arguments(*wrong)
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongTypeError
    return value


def _ts(value: Any) -> str:
    if not isinstance(value, str) or not _TS.fullmatch(value):
        raise WrongTypeError
    return value


def _moment(value: Any) -> str:
    """Read a time that may be less exact than that of a message, such as 0 or 1700000000."""
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", str(value)):
        raise WrongTypeError
    seconds, _, micros = str(value).partition(".")
    return f"{int(seconds):010d}.{micros.ljust(6, '0')}"


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value) in _YES | _NO:
        return str(value) in _YES
    raise WrongTypeError


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise WrongTypeError
    return int(value)


def _of_json(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise WrongTypeError from error
        if not isinstance(value, kind):
            raise WrongTypeError
        return value

    return read


_READERS: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "ts": _ts,
    "moment": _moment,
    "bool": _flag,
    "int": _whole,
    "list": _of_json(list),
    "object": _of_json(dict),
    "words": lambda value: value if isinstance(value, list) else _text(value).split(","),
}
