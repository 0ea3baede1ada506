"""Times as people write them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from bot.commands import UsageError
from bot.commands.times import (
    duration,
    quiet_hours,
    say_moment,
    say_quiet_hours,
    say_span,
    time_zone,
    until,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BEFORE_THE_CLOCKS_CHANGE = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2h", 120),
        ("30m", 30),
        ("1d", 1440),
        ("1h30m", 90),
        ("1 hour, 30 minutes", 90),
        ("2 WEEKS", 20160),
        (" 45 min ", 45),
        ("365d", 525600),
    ],
)
def test_a_duration_is_read(text: str, minutes: int) -> None:
    assert duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "soon", "2", "h", "2 moons", "-2h", "1.5h", "2h x"])
def test_what_is_no_duration_is_answered_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="Try 30m, 2h, 1d or until 18:00"):
        duration(text)


@pytest.mark.parametrize("text", ["0m", "366d", "999999w 999999w"])
def test_a_duration_is_a_minute_to_a_year(text: str) -> None:
    with pytest.raises(UsageError, match="at least one minute and at most 365 days"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("18:00", datetime(2026, 3, 4, 18, tzinfo=UTC)),
        ("6pm", datetime(2026, 3, 4, 18, tzinfo=UTC)),
        ("6 pm", datetime(2026, 3, 4, 18, tzinfo=UTC)),
        ("11:30", datetime(2026, 3, 5, 11, 30, tzinfo=UTC)),
        ("12 am", datetime(2026, 3, 5, 0, tzinfo=UTC)),
        ("18:00 Europe/Berlin", datetime(2026, 3, 4, 17, tzinfo=UTC)),
        ("6 PM asia/tokyo", datetime(2026, 3, 5, 9, tzinfo=UTC)),
    ],
)
def test_until_is_the_next_such_moment(text: str, moment: datetime) -> None:
    assert until(text, now=NOW, zone="UTC") == moment


def test_until_means_the_wall_clock_when_the_clocks_change_meanwhile() -> None:
    moment = until("18:00", now=BEFORE_THE_CLOCKS_CHANGE, zone="Europe/Berlin")

    assert moment == datetime(2026, 3, 29, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "25:00", "12:60", "24", "13pm", "0am", "late"])
def test_what_is_no_time_of_day_is_answered_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="not a time of day"):
        until(text, now=NOW, zone="UTC")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("22:00-07:00 Mon-Fri Europe/Berlin", "22:00-07:00 Mon-Fri Europe/Berlin"),
        ("22 \u2013 7", "22:00-07:00 every day UTC"),
        ("10pm-7am weekdays", "22:00-07:00 Mon-Fri UTC"),
        ("22:00 - 07:00 asia/tokyo weekends", "22:00-07:00 Sat,Sun Asia/Tokyo"),
        ("8-9:30 Mon, Wednesday fri", "08:00-09:30 Mon,Wed,Fri UTC"),
        ("8-9 Fri-Mon", "08:00-09:00 Mon,Fri,Sat,Sun UTC"),
        ("8-9 every day", "08:00-09:00 every day UTC"),
        ("8-9 sun", "08:00-09:00 Sun UTC"),
    ],
)
def test_quiet_hours_are_read_and_said_as_they_can_be_typed(text: str, said: str) -> None:
    hours = quiet_hours(text, zone="UTC")

    assert say_quiet_hours(hours) == said
    assert quiet_hours(said, zone="Europe/Rome") == hours


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "as hours"),
        ("22:00", "as hours"),
        ("22:00-22:00", "begin and end at the same time"),
        ("22-99", "not a time of day"),
        ("22-7 Mon-Xyz", 'time zone "Mon-Xyz"'),
        ("22-7 Berlin", "Did you mean Europe/Berlin?"),
        ("22-7 Europe/Belrin", "Did you mean Europe/Berlin?"),
        ("22-7 ../../etc/passwd", "I don't know the time zone"),
        ("22-7 Europe", "I don't know the time zone"),
    ],
)
def test_quiet_hours_that_cannot_be_read_are_answered(text: str, answer: str) -> None:
    with pytest.raises(UsageError) as refused:
        quiet_hours(text, zone="UTC")

    assert answer in str(refused.value)


def test_a_time_zone_like_no_other_is_answered_with_an_example() -> None:
    with pytest.raises(UsageError, match="Try Europe/Berlin"):
        time_zone("qqqqqqqq")


@given(st.text(max_size=60))
def test_no_text_makes_the_readers_fail_otherwise(text: str) -> None:
    for read in (
        duration,
        lambda text: until(text, now=NOW, zone="UTC"),
        lambda text: quiet_hours(text, zone="UTC"),
    ):
        with suppress(UsageError):
            assert read(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (45, "45 s"),
        (59.7, "1 min"),
        (3600, "1 h"),
        (8100, "2 h 15 min"),
        (86400, "1 d"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_span_is_said_by_its_largest_units(seconds: float, said: str) -> None:
    assert say_span(timedelta(seconds=seconds)) == said


def test_a_moment_on_another_day_is_said_with_its_date() -> None:
    today = say_moment(NOW + timedelta(hours=2), now=NOW, zone="Europe/Berlin")
    later = say_moment(NOW + timedelta(days=2), now=NOW, zone="UTC")

    assert today == "15:00 Europe/Berlin (in 2 h)"
    assert later == "Fri 2026-03-06 12:00 UTC (in 2 d)"
