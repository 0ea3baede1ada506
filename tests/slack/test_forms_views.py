"""The forms as Slack gets them: made from the commands' definition, within Slack's limits.

The limits are those of https://docs.slack.dev/reference/views and of its Block Kit.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.commands import COMMANDS, Command, UsageError
from bot.messages import (
    MAX_PERSONA_CHARS,
    ChannelSettings,
    ConversationKey,
    Mode,
    QuietHours,
    workspace_key,
)
from bot.platforms.slack.ask_form import DEFAULT_QUESTION, Asked, ask_form, asked
from bot.platforms.slack.form_fields import fields
from bot.platforms.slack.home_tab import Channel, Privacy, help_view, tab
from bot.platforms.slack.settings_form import FOLLOW, SettingsForm, submitted
from tests.slack_server.modals import check_view

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
TEAM = "T1"
WHERE = ConversationKey("slack", TEAM, "C1")
DIRECT = ConversationKey("slack", TEAM, "D1")
FOR_ALL = workspace_key("slack", TEAM)
EVERYTHING = ChannelSettings(
    mode=Mode.MENTION,
    eagerness=30,
    persona="\x01" * MAX_PERSONA_CHARS,
    quiet_until=NOW + timedelta(minutes=90),
    quiet_hours=QuietHours(frozenset(range(5)), 22 * 60, 7 * 60, "Europe/Berlin"),
    max_share_of_voice=0.25,
    cooldown_s=300.0,
    answer_other_bots=True,
    bot_loop_budget=2,
    reply_as_reference=False,
    stream_replies=False,
    follow_threads=False,
    retention_days=30,
)
CHOSEN = frozenset({"mode", "persona", "answer_other_bots"})


def assert_slack_takes(view: dict[str, Any]) -> None:
    View(**view).validate_json()
    check_view(view, view["type"])
    has_inputs = any(block["type"] == "input" for block in view["blocks"])
    assert view["type"] == "home" or has_inputs == ("submit" in view)
    json.dumps(view)


def filled_in(view: dict[str, Any], **typed: str) -> dict[str, Any]:
    """What Slack sends for a form in which only these fields were touched."""
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            values[block["block_id"]] = {element["action_id"]: _state(element)}
    for block_id, text in typed.items():
        (state,) = values[block_id].values()
        state |= _chosen(text) if "selected_option" in state else {"value": text or None}
        if "selected_options" in state:
            state["selected_options"] = [{"value": text}]
    return {**view, "state": {"values": values}}


def _state(element: dict[str, Any]) -> dict[str, Any]:
    if element["type"] == "static_select":
        return {"type": "static_select", "selected_option": element["initial_option"]}
    if element["type"] == "checkboxes":
        return {"type": "checkboxes", "selected_options": []}
    return {"type": element["type"], "value": element.get("initial_value")}


def _chosen(text: str) -> dict[str, Any]:
    return {"selected_option": {"text": {"type": "plain_text", "text": text}, "value": text}}


def elements(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"
    }


def settings_commands(
    commands: tuple[Command, ...] = COMMANDS, *above: str
) -> Iterator[tuple[str, ...]]:
    for command in commands:
        yield from settings_commands(command.subcommands, *above, command.name)
        if command.bare_shows and command.name not in ("clear", "training"):
            yield (*above, command.name)


def test_every_setting_that_has_a_command_has_a_field() -> None:
    in_forms = {field.path for for_all in (False, True) for field in fields(for_all=for_all)}

    assert in_forms == {*settings_commands()}


def test_the_form_of_a_channel_has_what_holds_in_it() -> None:
    view = SettingsForm(WHERE).to_be_changed(EVERYTHING, CHOSEN, NOW)

    shown = elements(view)
    assert_slack_takes(view)
    assert shown["mode"]["initial_option"]["value"] == "mention"
    assert shown["eagerness"]["initial_value"] == "30"
    assert (shown["eagerness"]["min_value"], shown["eagerness"]["max_value"]) == ("0", "100")
    assert shown["quiet"]["initial_value"] == "1 h 30 min"
    assert shown["quiet/hours"]["initial_value"] == "22:00-07:00 Mon-Fri Europe/Berlin"
    assert shown["limits/cooldown"]["initial_value"] == "5 min"
    assert shown["limits/share"]["initial_value"] == "25"
    assert shown["limits/bots"]["initial_value"] == "2"
    assert shown["privacy/retention"]["initial_value"] == "30"


def test_each_field_says_where_its_value_comes_from() -> None:
    view = SettingsForm(WHERE).to_be_changed(EVERYTHING, CHOSEN, NOW)

    hints = {b["block_id"]: b["hint"]["text"] for b in view["blocks"] if "hint" in b}
    assert hints["mode"].endswith("This channel's own choice.")
    assert hints["limits/bots"].endswith("This channel's own choice.")
    assert hints["eagerness"].endswith("The default.")
    assert "22:00-07:00 Mon-Fri Europe/Berlin" in hints["quiet/hours"]


@pytest.mark.parametrize("where", [WHERE, DIRECT, FOR_ALL])
@pytest.mark.parametrize("settings", [ChannelSettings(), EVERYTHING])
def test_slack_takes_the_form_whatever_is_set(
    where: ConversationKey, settings: ChannelSettings
) -> None:
    assert_slack_takes(SettingsForm(where).to_be_changed(settings, CHOSEN, NOW))
    assert_slack_takes(SettingsForm(where).to_be_read(["My mode is active."] * 12))
    assert_slack_takes(SettingsForm(where).told(["x" * 5000, ""]))


def test_a_form_that_nobody_touched_changes_nothing() -> None:
    for where in (WHERE, FOR_ALL):
        view = SettingsForm(where).to_be_changed(EVERYTHING, CHOSEN, NOW)

        sent = submitted(filled_in(view), TEAM)

        assert sent is not None
        assert (sent.form.where, sent.changed, sent.follows) == (where, {}, False)


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("mode", "listen", "listen"),
        ("eagerness", "70", 70),
        ("quiet", "2h", "2h"),
        ("quiet", "", "off"),
        ("quiet/hours", "22-7 UTC", "hours 22-7 UTC"),
        ("quiet/hours", "", "hours off"),
        ("persona", "a pirate", "a pirate"),
        ("persona", "", "clear"),
        ("replies/stream", "on", "on"),
        ("limits/share", "0", 0),
        ("limits/cooldown", "", "off"),
    ],
)
def test_a_changed_field_is_its_command(field: str, typed: str, value: str | int) -> None:
    view = SettingsForm(WHERE).to_be_changed(EVERYTHING, CHOSEN, NOW)

    sent = submitted(filled_in(view, **{field: typed}), TEAM)

    assert sent is not None
    ((changed, text),) = sent.changed.items()
    invocation = changed.invocation(text)
    assert changed.id == field
    assert list(invocation.values.values()) == [value]


def test_what_no_command_takes_is_an_error_of_its_field() -> None:
    view = SettingsForm(WHERE).to_be_changed(EVERYTHING, CHOSEN, NOW)
    sent = submitted(filled_in(view, eagerness="101"), TEAM)

    assert sent is not None
    ((changed, text),) = sent.changed.items()
    with pytest.raises(UsageError, match="a whole number from 0 to 100"):
        changed.invocation(text)


def test_a_channel_can_drop_its_choices_where_it_has_some() -> None:
    with_choices = SettingsForm(WHERE).to_be_changed(EVERYTHING, CHOSEN, NOW)
    without = SettingsForm(WHERE).to_be_changed(EVERYTHING, frozenset(), NOW)

    sent = submitted(filled_in(with_choices, **{FOLLOW: FOLLOW}), TEAM)

    assert sent is not None
    assert sent.follows
    assert FOLLOW not in elements(without)


def test_a_form_carries_no_words_of_people() -> None:
    settings = replace(EVERYTHING, persona="a dry-witted librarian")

    view = SettingsForm(WHERE).to_be_changed(settings, CHOSEN, NOW)

    assert "librarian" not in view["private_metadata"]


@pytest.mark.parametrize("metadata", ["", "{}", "[]", "no json", '{"about": 1}'])
def test_metadata_of_something_else_is_none_of_the_settings(metadata: str) -> None:
    assert submitted({"private_metadata": metadata, "state": {"values": {}}}, TEAM) is None


@pytest.mark.parametrize(
    ("typed", "question"),
    [("  why\nthis? ", "why\nthis?"), ("", DEFAULT_QUESTION)],
)
def test_a_question_about_a_message_comes_back_with_its_place(typed: str, question: str) -> None:
    where = replace(WHERE, thread="1700000000.000100")

    view = ask_form("Earshot of the whole harbor", where, "1700000000.000200")

    assert_slack_takes(view)
    sent = asked(filled_in(view, question=typed), TEAM)
    assert sent == Asked(where, "1700000000.000200", question)


def test_slack_takes_the_home_tab() -> None:
    channels = [Channel(f"C{n}", ChannelSettings() if n < 20 else None) for n in range(25)]
    privacy = Privacy("I store 3 messages of yours." * 200, opted_out=False)

    view = tab("Earshot", channels, privacy, told="You are opted in.")

    assert_slack_takes(view)
    assert "And 5 more." in json.dumps(view)
    assert_slack_takes(tab("Earshot", [], Privacy("", opted_out=True)))
    assert_slack_takes(tab("Earshot", None, None))
    assert_slack_takes(help_view())
