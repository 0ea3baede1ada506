"""Read and say times as people write them: `2h`, `until 18:00`, `22:00-07:00 Mon-Fri Europe/Berlin`.

Pure but for the time zones, which come from the system's (or tzdata's) zone files; `now` is given.
What cannot be read raises UsageError with a sentence for the person who typed it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.commands.parse import UsageError, clipped
from bot.messages import QuietHours

MAX_QUIET = timedelta(days=365)
EVERY_DAY = frozenset(range(7))
ALL_DAYS = ("Mon-Fri", "Sat-Sun", "every day")  # words for days that are worth proposing
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_UNIT_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_PART = r"(\d{1,6})\s*(weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m)"
_DURATION = re.compile(rf"(?:{_PART}[\s,]*)+", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?", re.IGNORECASE)
_DASHES = re.compile(r"\s*[-\u2013\u2014]\s*")
_EVERY_DAY = re.compile(r"\bevery\s+day\b", re.IGNORECASE)
_AREAS = (
    *("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/"),
    *("Australia/", "Europe/", "Indian/", "Pacific/"),
)
_DAY_WORDS = {
    "daily": EVERY_DAY,
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
}


def duration(text: str) -> timedelta:
    """Read `2h`, `30m`, `1d`, `1h 30m` or `90 minutes`: more than nothing, at most a year."""
    if not _DURATION.fullmatch(text.strip()):
        raise UsageError(
            f'I can\'t read "{clipped(text)}" as a time. Try 30m, 2h, 1d or until 18:00.'
        )
    parts = re.findall(_PART, text, re.IGNORECASE)
    minutes = sum(int(count) * _UNIT_MINUTES[unit[0].lower()] for count, unit in parts)
    # Compared as a number first: a timedelta itself overflows at a billion days.
    if not 1 <= minutes <= MAX_QUIET.days * 24 * 60:
        raise UsageError("That must be at least one minute and at most 365 days.")
    return timedelta(minutes=minutes)


def until(text: str, *, now: datetime, zone: str) -> datetime:
    """Read `18:00` or `18:00 Europe/Berlin` as the next such moment after `now`, in UTC.

    `zone` is the time zone where the text names none.
    """
    clock, _, named = " ".join(text.split()).partition(" ")
    if named.casefold() in ("am", "pm") or named.casefold().startswith(("am ", "pm ")):
        half, _, named = named.partition(" ")
        clock += half
    minute = _minute_of_day(clock)
    local_zone = ZoneInfo(time_zone(named) if named else zone)
    local = now.astimezone(local_zone)
    moment = local.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    if moment <= local:
        # On the wall clock, so 18:00 stays 18:00 when the clocks change.
        moment += timedelta(days=1)
    return moment.astimezone(UTC)


def quiet_hours(text: str, *, zone: str) -> QuietHours:
    """Read `22:00-07:00 Mon-Fri Europe/Berlin`: the hours first, then days and zone if given.

    Without days it is every day, without a zone it is `zone`.
    """
    words = re.split(r"[\s,]+", _DASHES.sub("-", _EVERY_DAY.sub("daily", text.strip())))
    start, dash, end = words[0].partition("-")
    if not dash:
        raise UsageError(
            f'I can\'t read "{clipped(words[0])}" as hours. Try 22:00-07:00 Mon-Fri Europe/Berlin.'
        )
    start_minute, end_minute = _minute_of_day(start), _minute_of_day(end)
    if start_minute == end_minute:
        raise UsageError("Those hours begin and end at the same time. To turn me off, set my mode.")
    weekdays: frozenset[int] = frozenset()
    for word in filter(None, words[1:]):
        days = _days(word)
        if days is None:
            zone = time_zone(word)
        else:
            weekdays |= days
    return QuietHours(weekdays or EVERY_DAY, start_minute, end_minute, zone)


def time_zone(name: str) -> str:
    """Give the IANA time zone of that name, in any case. Raises UsageError naming a near one."""
    zones = _zones()
    wanted = name.strip().replace(" ", "_").casefold()
    if wanted in zones:
        return zones[wanted]
    cities = {key.rpartition("/")[2]: key for key in zones if "/" in key}
    near = get_close_matches(wanted, [*cities, *zones], n=1, cutoff=0.7)
    hint = f"Did you mean {zones[cities.get(near[0], near[0])]}?" if near else "Try Europe/Berlin."
    raise UsageError(f'I don\'t know the time zone "{clipped(name)}". {hint}')


@cache
def zone_names() -> Sequence[str]:
    """List UTC and the time zones of places; old names such as `GB` and `Etc/GMT+5` are left out."""
    named = (name for name in sorted(_zones().values()) if name.startswith(_AREAS))
    return ("UTC", *named)


def say_span(span: timedelta) -> str:
    """Say a length of time by its two largest units: `45 s`, `2 h 15 min`, `3 d`."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


def say_moment(moment: datetime, *, now: datetime, zone: str) -> str:
    """Say when something is, such as `18:00 UTC (in 2 h)`, with the date if it is another day."""
    local = moment.astimezone(ZoneInfo(zone))
    same_day = local.date() == now.astimezone(ZoneInfo(zone)).date()
    day = "" if same_day else f"{DAY_NAMES[local.weekday()]} {local:%Y-%m-%d} "
    return f"{day}{local:%H:%M} {zone} (in {say_span(moment - now)})"


def say_quiet_hours(hours: QuietHours) -> str:
    """Say quiet hours the way they can be typed: `22:00-07:00 Mon-Fri Europe/Berlin`."""
    start, end = hours.start_minute, hours.end_minute
    clock = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    return f"{clock} {_say_days(sorted(hours.weekdays))} {hours.time_zone}"


def _minute_of_day(text: str) -> int:
    match = _CLOCK.fullmatch(text.strip())
    if match:
        hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "pm" else 0)
            half = ""
        if hour < 24 and minute < 60 and not half:
            return hour * 60 + minute
    raise UsageError(f'"{clipped(text)}" is not a time of day. Try 18:00 or 7:30.')


def _days(text: str) -> frozenset[int] | None:
    """Read `Mon`, `mon-fri` or `weekdays`; None if it is no day at all."""
    word = text.casefold()
    if word in _DAY_WORDS:
        return _DAY_WORDS[word]
    first, dash, last = word.partition("-")
    begin, end = _day(first), _day(last if dash else first)
    if begin is None or end is None:
        return None
    return frozenset((begin + offset) % 7 for offset in range((end - begin) % 7 + 1))


def _day(word: str) -> int | None:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    known = (day for day, name in enumerate(full) if len(word) >= 3 and name.startswith(word))
    return next(known, None)


def _say_days(days: Sequence[int]) -> str:
    if len(days) == len(DAY_NAMES):
        return "every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAY_NAMES[days[0]]}-{DAY_NAMES[days[-1]]}"
    return ",".join(DAY_NAMES[day] for day in days)


@cache
def _zones() -> Mapping[str, str]:
    """Give every time zone by its name in lower case."""
    return {name.casefold(): name for name in available_timezones()}
