"""What Discord takes as application commands, by its documented limits."""

from collections import Counter
from typing import Any

import regex

from tests.discord_server.forms import (
    Check,
    anything,
    array,
    boolean,
    both,
    fields,
    integer,
    maybe,
    number,
    one_of,
    text,
    wrong,
)
from tests.discord_server.world import Json

CHAT_INPUT, USER_MENU, MESSAGE_MENU, ENTRY_POINT = 1, 2, 3, 4
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE = 1, 2, 3, 4, 5, 6, 7, 8
MENTIONABLE, NUMBER, ATTACHMENT = 9, 10, 11
MAX_OF_TYPE = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15, ENTRY_POINT: 1}
MAX_CHARACTERS = 8000
MAX_OPTIONS = 25
LOCALES = frozenset(
    {"id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl"}
    | {"no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi"}
    | {"th", "zh-CN", "ja", "zh-TW", "ko"}
)
_NAME = regex.compile(r"[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}", regex.UNICODE)


def _command_name(value: Any) -> Json:
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value != value.lower():
        return wrong("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return {}


_MENU_NAME = text(32, min_length=1)
_DESCRIPTION = text(100, min_length=1)


def _localized(check: Check) -> Check:
    def whole(value: Any) -> Json:
        return fields(dict.fromkeys(LOCALES, check))(value)

    return maybe(whole)


_CHOICE = fields(
    {
        "name": text(100, min_length=1),
        "name_localizations": _localized(text(100, min_length=1)),
        "value": anything,
    },
    required=("name", "value"),
)


def _choice_values(value: Any) -> Json:
    """Check that the values of choices are of the option's type."""
    kinds = {STRING: text(100), INTEGER: integer(-(2**53), 2**53), NUMBER: number}
    choices = value.get("choices") or []
    if choices and value["type"] not in kinds:
        return {"choices": wrong("APPLICATION_COMMAND_OPTIONS_CHOICES", "No choices here.")}
    if choices and value.get("autocomplete"):
        message = "Choices and autocomplete cannot be used together."
        return {"choices": wrong("APPLICATION_COMMAND_OPTION_AUTOCOMPLETE", message)}
    if _repeated(choices):
        return {"choices": wrong("APPLICATION_COMMAND_OPTIONS_DUPLICATE", "Choices repeat.")}
    check = kinds.get(value["type"], anything)
    found = ((str(place), check(one["value"])) for place, one in enumerate(choices))
    return {"choices": inner} if (inner := {k: {"value": e} for k, e in found if e}) else {}


_WORDS: dict[str, Check] = {
    "name": _command_name,
    "name_localizations": _localized(_command_name),
    "description": _DESCRIPTION,
    "description_localizations": _localized(_DESCRIPTION),
}
_VALUE = both(
    fields(
        {
            **_WORDS,
            "type": one_of(*range(STRING, ATTACHMENT + 1)),
            "required": boolean,
            "choices": maybe(array(_CHOICE, 25)),
            "channel_types": maybe(array(integer(0, 16), 20)),
            "min_value": maybe(number),
            "max_value": maybe(number),
            "min_length": maybe(integer(0, 6000)),
            "max_length": maybe(integer(1, 6000)),
            "autocomplete": maybe(boolean),
        },
        required=("name", "description", "type"),
    ),
    _choice_values,
)


def _in_order(options: Any) -> Json:
    """Check names, and that what is required comes first."""
    if _repeated(options):
        return wrong("APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names repeat.")
    optional_before = False
    for place, option in enumerate(options):
        if option.get("required") and optional_before:
            message = "Required options must be placed before non-required options"
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            return {str(place): {"required": wrong(code, message)}}
        optional_before = optional_before or not option.get("required")
    return {}


def _of(kinds: dict[int, Check]) -> Check:
    """Check an option by its type, which must be one of these."""

    def check(value: Any) -> Json:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in kinds:
            message = f"{kind} is no option for this place."
            return {"type": wrong("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)}
        return kinds[kind](value)

    return check


def _options(kinds: dict[int, Check]) -> Check:
    return maybe(both(array(_of(kinds), MAX_OPTIONS), _in_order))


_VALUES = dict.fromkeys(range(STRING, ATTACHMENT + 1), _VALUE)
_INNER = {**_WORDS, "required": boolean}
_LEAF = fields(
    {**_INNER, "type": one_of(SUBCOMMAND), "options": _options(_VALUES)},
    required=("name", "description"),
)
_GROUP = fields(
    {**_INNER, "type": one_of(GROUP), "options": _options({SUBCOMMAND: _LEAF})},
    required=("name", "description"),
)


def _root_options(options: Any) -> Json:
    """Check that a command has either subcommands and groups or values, not both."""
    has_inner = any(isinstance(one, dict) and one.get("type") in (1, 2) for one in options or [])
    return _options({SUBCOMMAND: _LEAF, GROUP: _GROUP} if has_inner else _VALUES)(options)


_COMMON: dict[str, Check] = {
    "id": anything,
    "default_member_permissions": maybe(text(32)),
    "dm_permission": maybe(boolean),
    "default_permission": maybe(boolean),
    "nsfw": boolean,
    "integration_types": maybe(array(one_of(0, 1), 2)),
    "contexts": maybe(array(one_of(0, 1, 2), 3)),
}


def _command(value: Any) -> Json:
    kind = value.get("type", CHAT_INPUT) if isinstance(value, dict) else CHAT_INPUT
    known = {**_COMMON, "type": one_of(*MAX_OF_TYPE), **_WORDS, "options": _root_options}
    if kind == CHAT_INPUT:
        return both(fields(known, required=("name", "description")), _not_too_long)(value)
    if kind == ENTRY_POINT:  # that of an app with an Activity
        known |= {"handler": one_of(1, 2)}
        return fields(known, required=("name", "handler"))(value)
    menu = {
        "name": _MENU_NAME,
        "name_localizations": _localized(_MENU_NAME),
        "description": one_of(""),
        "options": array(anything, 0),
    }
    return fields({**_COMMON, "type": one_of(*MAX_OF_TYPE), **menu}, required=("name",))(value)


def _not_too_long(command: Any) -> Json:
    if num_characters(command) <= MAX_CHARACTERS:
        return {}
    message = f"Command exceeds maximum size ({MAX_CHARACTERS})"
    return wrong("APPLICATION_COMMAND_TOO_LARGE", message)


def num_characters(part: Json) -> int:
    """Count the characters of a command; of a text in several languages the longest counts."""
    own = sum(_longest(part, name) for name in ("name", "description"))
    choices = sum(
        _longest(one, "name") + len(str(one["value"])) for one in part.get("choices") or []
    )
    return own + choices + sum(map(num_characters, part.get("options") or []))


def _longest(part: Json, name: str) -> int:
    translated = (part.get(f"{name}_localizations") or {}).values()
    return max(map(len, (part.get(name) or "", *translated)))


def _repeated(parts: list[Json]) -> bool:
    return len({one["name"] for one in parts}) < len(parts)


def _together(commands: Any) -> Json:
    kinds = Counter(one.get("type", CHAT_INPUT) for one in commands)
    if any(num > MAX_OF_TYPE[kind] for kind, num in kinds.items()):
        code = "APPLICATION_COMMANDS_MAXIMUM_REACHED"
        return wrong(code, "Maximum number of application commands reached.")
    names = Counter((one.get("type", CHAT_INPUT), one["name"]) for one in commands)
    if any(num > 1 for num in names.values()):
        code = "APPLICATION_COMMANDS_DUPLICATE_NAME"
        return wrong(code, "Application command names must be unique")
    return {}


COMMANDS = both(array(_command, sum(MAX_OF_TYPE.values())), _together)
