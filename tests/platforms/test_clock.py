"""The time as a platform counts it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.platforms.clock import PlatformClock

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def clock_ahead_by(seconds):
    clock = PlatformClock(lambda: NOON + timedelta(seconds=seconds), "Chat")
    clock.saw_date(format_datetime(NOON, usegmt=True))
    return clock


def test_a_clock_that_is_right_is_left_alone():
    assert clock_ahead_by(0.9).now() == NOON + timedelta(seconds=0.9)


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_wrong_clock_is_set_right_and_told_once(seconds, caplog):
    clock = clock_ahead_by(seconds)
    clock.saw_date(format_datetime(NOON, usegmt=True))

    assert clock.now() == NOON
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("this machine's clock is 600 s ")


def test_a_slow_answer_does_not_move_the_clock():
    local = NOON
    clock = PlatformClock(lambda: local, "Chat")
    clock.saw_date(format_datetime(NOON, usegmt=True))
    local = NOON + timedelta(seconds=30)
    clock.saw_date(format_datetime(NOON, usegmt=True))  # half a minute under way

    assert clock.ahead == timedelta()


@pytest.mark.parametrize("header", [None, "", "yesterday", "Wed, 04 Mar 2026 12:00:00 -0000"])
def test_an_odd_header_is_passed_over(header):
    clock = PlatformClock(lambda: NOON, "Chat")
    clock.saw_date(header)

    assert clock.now() == NOON
