"""mode, eagerness, quiet, persona."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Mode, QuietHours
from inference.wire.chat_form import Calibration, CalibrationStep, ChatForm
from tests.commands.conftest import NOW, WHERE, Channel


async def test_mode_is_set_and_shown_with_its_meaning(channel: Channel) -> None:
    changed, shown = await channel.run("mode mention"), await channel.run("mode")

    settings = await channel.store.channels.settings(WHERE)
    assert settings.mode is Mode.MENTION
    meaning = "I read everything and speak only when I am asked."
    assert changed.text == f"My mode here is now mention: {meaning}"
    assert shown.text == f"My mode here is mention: {meaning} That is this channel's own choice."
    assert not changed.ephemeral
    assert shown.ephemeral


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_mode_has_a_meaning(channel: Channel, mode: Mode) -> None:
    answer = await channel.run(f"mode {mode}")

    assert answer.text.startswith(f"My mode here is now {mode}: I ")


async def test_eagerness_says_what_it_means_for_a_calibrated_model(channel: Channel) -> None:
    steps = (CalibrationStep(0, 1.0, 0.0), CalibrationStep(100, 0.0, 0.5))
    channel.model.form = ChatForm(calibration=Calibration(steps))

    answer = await channel.run("eagerness 40")

    assert (await channel.store.channels.settings(WHERE)).eagerness == 40
    assert answer.text.startswith("My eagerness here is now 40 of 100. ")
    assert "20% of messages" in answer.text


async def test_eagerness_without_a_number_shows_it(channel: Channel) -> None:
    answer = await channel.run("eagerness")

    assert answer.text.startswith("My eagerness here is 50 of 100. ")
    assert "not calibrated" in answer.text
    assert answer.text.endswith(" That is the default here.")
    assert answer.ephemeral


async def test_eagerness_is_set_although_the_model_cannot_be_reached(channel: Channel) -> None:
    channel.model.failure = ModelUnavailable("loading")

    answer = await channel.run("eagerness 0")

    assert (await channel.store.channels.settings(WHERE)).eagerness == 0
    assert answer.text == (
        "My eagerness here is now 0 of 100. "
        "The model can't be reached, so what that means in numbers has to wait."
    )


@pytest.mark.parametrize("text", ["quiet 2h", "quiet for 2 hours", "quiet until 14:00"])
async def test_quiet_keeps_it_silent_until_then(channel: Channel, text: str) -> None:
    answer = await channel.run(text)

    settings = await channel.store.channels.settings(WHERE)
    assert settings.quiet_until == NOW + timedelta(hours=2)
    assert answer.text == ("I'll be quiet until 14:00 UTC (in 2 h). Mention me and I still answer.")
    shown = await channel.run("quiet")
    assert shown.text == "I'm quiet until 14:00 UTC (in 2 h). That is this channel's own choice."


async def test_quiet_off_ends_the_quiet_time_and_leaves_the_hours(channel: Channel) -> None:
    await channel.run("quiet hours 22:00-07:00 Mon-Fri Europe/Berlin")
    await channel.run("quiet 2h")

    answer = await channel.run("quiet off")

    settings = await channel.store.channels.settings(WHERE)
    assert settings.quiet_until is None
    assert answer.text == (
        "The quiet time is over. Quiet hours stay: 22:00-07:00 Mon-Fri Europe/Berlin."
    )


async def test_quiet_hours_are_set_shown_and_ended(channel: Channel) -> None:
    set_ = await channel.run("quiet hours 22:00-07:00 Mon-Fri Europe/Berlin")
    settings = await channel.store.channels.settings(WHERE)
    shown, ended = await channel.run("quiet hours"), await channel.run("quiet hours off")

    assert settings.quiet_hours == QuietHours(frozenset(range(5)), 22 * 60, 7 * 60, "Europe/Berlin")
    assert set_.text.startswith("Quiet hours are now 22:00-07:00 Mon-Fri Europe/Berlin.")
    assert shown.text.startswith("Quiet hours are 22:00-07:00 Mon-Fri Europe/Berlin. That is this")
    assert ended.text == "There are no quiet hours any more."
    assert (await channel.store.channels.settings(WHERE)).quiet_hours is None


async def test_times_count_in_the_zone_of_the_quiet_hours(channel: Channel) -> None:
    await channel.run("quiet hours 22:00-07:00 Europe/Berlin")

    answer = await channel.run("quiet until 18:00")

    assert answer.text.startswith("I'll be quiet until 18:00 Europe/Berlin (in 5 h).")


async def test_quiet_without_any_says_so(channel: Channel) -> None:
    assert (await channel.run("quiet")).text == "No quiet time is set. That is the default here."
    assert (await channel.run("quiet off")).text == "The quiet time is over."


async def test_a_quiet_time_that_is_over_is_not_shown(channel: Channel) -> None:
    await channel.run("quiet 30m")

    answer = await channel.run("quiet", now=NOW + timedelta(hours=1))

    assert answer.text == "No quiet time is set. That is the default here."


async def test_a_time_that_cannot_be_read_changes_nothing(channel: Channel) -> None:
    answer = await channel.run("quiet a bit")

    assert answer.text.startswith('I can\'t read "a bit" as a time.')
    assert answer.ephemeral
    assert (await channel.store.channels.settings(WHERE)).quiet_until is None


async def test_persona_is_set_shown_and_cleared(channel: Channel) -> None:
    none = await channel.run("persona")
    set_ = await channel.run("persona a dry-witted\n librarian")
    shown = await channel.run("persona")
    cleared = await channel.run("persona CLEAR")

    assert none.text == "I have no persona. That is the default here."
    assert set_.text == "My persona here is now: a dry-witted librarian"
    assert shown.text == (
        "My persona here is: a dry-witted librarian. That is this channel's own choice."
    )
    assert cleared.text == "I have no persona any more."
    assert (await channel.store.channels.settings(WHERE)).persona == ""


@pytest.mark.parametrize("thread", [None, "t1"])
async def test_what_was_said_while_it_was_off_is_never_fetched(
    channel: Channel, thread: str | None
) -> None:
    await channel.run("mode off")

    await channel.run("mode active", where=replace(WHERE, thread=thread))

    assert await channel.store.marks.heard_until(WHERE) == NOW


async def test_a_mode_that_read_all_along_leaves_the_history_open(channel: Channel) -> None:
    await channel.run("mode listen")

    await channel.run("mode active")

    assert await channel.store.marks.heard_until(WHERE) is None
