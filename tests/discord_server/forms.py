"""Checks of JSON bodies that give their errors nested as Discord does; knows no field of it.

A check takes a value and gives its errors: {} if there are none, {"_errors": [...]} for the value
itself, {"name": errors} or {"0": errors} for what is inside.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.discord_server.errors import invalid_form
from tests.discord_server.world import Json

Check = Callable[[Any], Json]
REQUIRED = "This field is required"


def wrong(code: str, message: str) -> Json:
    """Give the errors of a value that is wrong as a whole."""
    return {"_errors": [{"code": code, "message": message}]}


def insist(value: object, check: Check) -> None:
    """Raise `Refused` with 50035 unless the value passes."""
    errors = check(value)
    if errors:
        raise invalid_form(errors)


def text(max_length: int, *, min_length: int = 0) -> Check:
    def check(value: Any) -> Json:
        if not isinstance(value, str):
            return wrong("STRING_TYPE_CONVERT", "Could not interpret value as string.")
        if min_length and not value:
            return wrong("BASE_TYPE_REQUIRED", REQUIRED)
        if len(value) > max_length:
            return wrong("BASE_TYPE_MAX_LENGTH", f"Must be {max_length} or fewer in length.")
        if len(value) < min_length:
            return wrong("BASE_TYPE_MIN_LENGTH", f"Must be {min_length} or more in length.")
        return {}

    return check


def boolean(value: Any) -> Json:
    return (
        {} if isinstance(value, bool) else wrong("BOOLEAN_TYPE_CONVERT", "Must be true or false.")
    )


def integer(minimum: int, maximum: int) -> Check:
    def check(value: Any) -> Json:
        if not isinstance(value, int) or isinstance(value, bool):
            return wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        if not minimum <= value <= maximum:
            message = f"int value should be between {minimum} and {maximum}."
            return wrong("NUMBER_TYPE_RANGE", message)
        return {}

    return check


def number(value: Any) -> Json:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {}
    return wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')


def one_of(*values: object) -> Check:
    def check(value: Any) -> Json:
        named = ", ".join(map(str, values))
        known = any(value == one and type(value) is type(one) for one in values)
        return {} if known else wrong("BASE_TYPE_CHOICES", f"Value must be one of {{{named}}}.")

    return check


def bits(allowed: int) -> Check:
    """Check flags of which only some may be set."""

    def check(value: Any) -> Json:
        if not isinstance(value, int) or isinstance(value, bool):
            return wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        return wrong("FLAGS_INVALID", "These flags cannot be set.") if value & ~allowed else {}

    return check


def snowflake(value: Any) -> Json:
    if isinstance(value, (str, int)) and re.fullmatch(r"[0-9]{1,20}", str(value)):
        return {}
    return wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


def anything(_: Any) -> Json:
    return {}


def maybe(check: Check) -> Check:
    """Allow null as well."""
    return lambda value: {} if value is None else check(value)


def array(check: Check, max_length: int, *, min_length: int = 0) -> Check:
    def whole(value: Any) -> Json:
        if not isinstance(value, list):
            return wrong("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        if not min_length <= len(value) <= max_length:
            message = f"Must be between {min_length} and {max_length} in length."
            return wrong("BASE_TYPE_BAD_LENGTH", message)
        found = ((str(place), check(one)) for place, one in enumerate(value))
        return {place: errors for place, errors in found if errors}

    return whole


def fields(known: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    """Check an object; a field that is not known is an error, so that no typo goes unseen."""

    def check(value: Any) -> Json:
        if not isinstance(value, dict):
            return wrong("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        errors = {name: wrong("BASE_TYPE_REQUIRED", REQUIRED) for name in required}
        errors = {name: error for name, error in errors.items() if value.get(name) is None}
        for name, one in value.items():
            if name not in known:
                errors[name] = wrong("UNKNOWN_FIELD", "This server knows no such field.")
            elif name not in errors and (found := known[name](one)):
                errors[name] = found
        return errors

    return check


def both(*checks: Check) -> Check:
    """Give the errors of the first check that finds any."""

    def check(value: Any) -> Json:
        return next((errors for one in checks if (errors := one(value))), {})

    return check
