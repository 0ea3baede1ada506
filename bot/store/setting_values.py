"""Which values a channel setting can have, and the form each is stored in. Pure.

NULL in a column says that the setting was not chosen, so a chosen None has a form of its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from bot.messages import MAX_PERSONA_CHARS, MAX_RETENTION_DAYS, Mode, QuietHours

MAX_COOLDOWN_S = 7 * 24 * 3600.0
MAX_LOOP_BUDGET = 100
MINUTES_A_DAY = 24 * 60
# What stands for a chosen None: values that nobody can choose, or that mean the same.
STORED_NONE: dict[str, object] = {
    "quiet_until": datetime(1970, 1, 1, tzinfo=UTC),
    "quiet_hours": {},
    "max_share_of_voice": -1.0,
    "retention_days": 0,
}


def stored_value(name: str, value: object) -> object:
    """Give the value of a setting as its column holds it.

    Raises ValueError that names the setting, for an unknown one and for a value it cannot have.
    """
    check, meaning = _CHECKS[known_name(name)]
    if value is None and name in STORED_NONE:
        return STORED_NONE[name]
    try:
        return check(value)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise ValueError(f"{name} must be {meaning}, not {value!r}") from error


def chosen_value(name: str, stored: Any) -> object:
    """Read a setting back from what its column holds, which is not NULL."""
    if name in STORED_NONE and stored == STORED_NONE[name]:
        return None
    if name == "mode":
        return Mode(stored)
    if name == "quiet_hours":
        return QuietHours(**{**stored, "weekdays": frozenset(stored["weekdays"])})
    return stored


def known_name(name: str) -> str:
    """Give the name of a setting back; raises ValueError for an unknown one."""
    if name not in _CHECKS:
        raise ValueError(f"there is no setting {name}: the settings are {', '.join(_CHECKS)}")
    return name


def _whole(lowest: int, highest: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError
        return value

    return check


def _number(highest: float) -> Callable[[object], float]:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        if not isfinite(value) or not 0 <= value <= highest:
            raise ValueError
        return float(value)

    return check


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _mode(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return Mode(value).value


def _persona(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_PERSONA_CHARS:
        raise ValueError
    return value


def _aware_time(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError
    return value


def _quiet_hours(value: object) -> dict[str, object]:
    if not isinstance(value, QuietHours) or not value.weekdays <= set(range(7)):
        raise ValueError
    minutes = _whole(0, MINUTES_A_DAY)
    return {
        "weekdays": sorted(value.weekdays),
        "start_minute": minutes(value.start_minute),
        "end_minute": minutes(value.end_minute),
        "time_zone": ZoneInfo(value.time_zone).key,
    }


_YES_OR_NO = (_flag, "true or false")
_CHECKS: dict[str, tuple[Callable[[object], object], str]] = {
    "mode": (_mode, f"one of {', '.join(Mode)}"),
    "eagerness": (_whole(0, 100), "a whole number from 0 to 100"),
    "persona": (_persona, f"a text of at most {MAX_PERSONA_CHARS} characters"),
    "quiet_until": (_aware_time, "a time with a time zone, or none"),
    "quiet_hours": (
        _quiet_hours,
        "quiet hours (weekdays 0 to 6, minutes 0 to 1440, an IANA time zone), or none",
    ),
    "max_share_of_voice": (_number(1.0), "a share from 0 to 1, or none"),
    "cooldown_s": (_number(MAX_COOLDOWN_S), f"from 0 to {MAX_COOLDOWN_S:.0f} seconds"),
    "answer_other_bots": _YES_OR_NO,
    "bot_loop_budget": (
        _whole(0, MAX_LOOP_BUDGET),
        f"a whole number from 0 to {MAX_LOOP_BUDGET}",
    ),
    "reply_as_reference": _YES_OR_NO,
    "stream_replies": _YES_OR_NO,
    "follow_threads": _YES_OR_NO,
    "may_train": _YES_OR_NO,
    "retention_days": (
        _whole(1, MAX_RETENTION_DAYS),
        f"from 1 to {MAX_RETENTION_DAYS} days, or none",
    ),
}
