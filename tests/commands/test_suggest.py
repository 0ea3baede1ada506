"""Completions: likely first, never more or longer than Discord takes, and readable as they stand."""

import pytest
from hypothesis import given, strategies as st

from bot.commands import Argument, Kind, parse
from bot.commands.suggest import suggestions
from bot.commands.times import quiet_hours
from tests.commands.conftest import BEN, Channel
from tests.commands.test_definition import LEAVES

ARGUMENTS = {
    " ".join((*path, argument.name)): argument
    for path, command in LEAVES.items()
    for argument in command.arguments
}
TIME = ARGUMENTS["quiet time"]


def test_nothing_typed_gives_the_examples() -> None:
    assert suggestions(TIME, "") == list(TIME.suggestions)
    assert suggestions(ARGUMENTS["mode mode"], "") == ["active", "mention", "listen", "off"]
    assert "clear" in suggestions(ARGUMENTS["persona text"], "")


@pytest.mark.parametrize(
    ("name", "typed", "first"),
    [
        ("mode mode", "ME", "mention"),
        ("quiet time", "unt", "until 18:00"),
        ("quiet time", "45", "45m"),
        ("quiet time", "until 18:00 berl", "until 18:00 Europe/Berlin"),
        ("quiet time", "hours 22:00-07:00 Sa", "hours 22:00-07:00 Sat-Sun"),
        ("quiet time", "hours 22-7 Mon-Fri new_y", "hours 22-7 Mon-Fri America/New_York"),
        ("defaults quiet hours", "22:00-07:00 Asia/To", "22:00-07:00 Asia/Tokyo"),
        ("limits cooldown time", "7", "7m"),
        ("persona text", "engineer", "a terse senior engineer"),
    ],
)
def test_what_was_begun_is_completed(name: str, typed: str, first: str) -> None:
    assert suggestions(ARGUMENTS[name], typed)[0] == first


def test_a_number_is_completed_with_every_unit() -> None:
    assert suggestions(TIME, "3") == ["30m", "3m", "3h", "3d"]


def test_no_time_zone_is_proposed_where_no_time_of_day_stands() -> None:
    assert suggestions(TIME, "berl") == ["hours 22:00-07:00 Mon-Fri Europe/Berlin"]
    assert suggestions(ARGUMENTS["limits cooldown time"], "5m Eu") == []


def test_days_are_proposed_once() -> None:
    hours = ARGUMENTS["defaults quiet hours"]

    assert "22:00-07:00 Mon-Fri" in suggestions(hours, "22:00-07:00 ")
    assert suggestions(hours, "23:00-07:00 Mon-Fri ") == ["23:00-07:00 Mon-Fri UTC"]
    assert suggestions(TIME, "until 19:00 ") == ["until 19:00 UTC"]


def test_a_number_or_a_question_has_no_completions() -> None:
    assert suggestions(ARGUMENTS["eagerness level"], "3") == []
    assert suggestions(ARGUMENTS["ask question"], "how") == []


SUGGESTED = [
    f"{name.rpartition(' ')[0]} {text}"
    for name, argument in ARGUMENTS.items()
    for text in suggestions(argument, "")
]


def test_examples_are_suggested_for_every_text_but_a_question() -> None:
    texts = {name for name, argument in ARGUMENTS.items() if argument.kind is Kind.TEXT}
    suggesting = {name for name in texts if suggestions(ARGUMENTS[name], "")}

    assert texts - suggesting == {"ask question"}


@pytest.mark.parametrize("text", SUGGESTED)
async def test_every_example_does_what_it_says_as_it_stands(channel: Channel, text: str) -> None:
    command = parse(text).command
    await channel.says(BEN, "hello")

    answer = await channel.run(text)

    # An answer about what was typed is for the typist alone; what was set or done is for all.
    assert answer.ephemeral == command.ephemeral
    assert answer.text


def test_completed_hours_can_be_read() -> None:
    for typed in ("22:00-07:00 ", "22:00-07:00 s", "22:00-07:00 Mon-Fri e"):
        for text in suggestions(ARGUMENTS["defaults quiet hours"], typed):
            assert quiet_hours(text, zone="UTC")


@given(st.sampled_from(list(ARGUMENTS.values())), st.text(max_size=120))
def test_whatever_is_typed_the_completions_fit_discord(argument: Argument, typed: str) -> None:
    found = suggestions(argument, typed)

    assert len(found) == len(set(found)) <= 25
    assert all(0 < len(text) <= 100 for text in found)
