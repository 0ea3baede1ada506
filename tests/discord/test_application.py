"""What Discord is told of the commands keeps to Discord's limits, and comes back as what was meant.

The limits are those of https://discord.com/developers/docs/interactions/application-commands.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bot.commands import COMMANDS, Command, Invocation, UsageError, Who, parse
from bot.commands.grammar import Argument, Kind
from bot.commands.locales import LOCALES
from bot.platforms.discord.application import (
    CHANGED,
    CommandChanged,
    focused,
    invocation,
    payload,
    payload_in_all_languages,
    spoken,
)

NAME = re.compile(r"[-_'\w]{1,32}")
SUBCOMMANDS = (1, 2)
STRING, INTEGER = 3, 4


def walked(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for option in node.get("options", []):
        yield from walked(option)


def leaves(node: dict[str, Any], *above: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for option in node["options"]:
        if option["type"] == 2:
            yield from leaves(option, *above, option["name"])
        elif option["type"] == 1:
            yield (*above, option["name"]), option


def defined() -> Iterator[tuple[tuple[str, ...], Command]]:
    for command in COMMANDS:
        if not command.subcommands:
            yield (command.name,), command
        for sub in command.subcommands:
            yield (command.name, sub.name), sub


def given(*path: str, **values: object) -> dict[str, Any]:
    """What Discord sends when somebody calls a command."""
    options = [{"name": name, "type": 3, "value": value} for name, value in values.items()]
    for name in reversed(path):
        options = [{"name": name, "type": 1, "options": options}]
    return {"id": "1", "name": "assistant", "type": 1, "options": options}


SLASH, MENU = payload_in_all_languages("Earshot")


def test_every_command_of_the_definition_is_offered_and_no_other() -> None:
    offered = [path for path, _ in leaves(SLASH)]

    assert offered == [path for path, _ in defined()]


def test_every_option_has_the_kind_and_the_limits_of_its_argument() -> None:
    for path, command in defined():
        options = {option["name"]: option for option in dict(leaves(SLASH))[path]["options"]}

        assert options.keys() == {argument.name for argument in command.arguments}
        for argument in command.arguments:
            check_option(options[argument.name], argument)


def check_option(option: dict[str, Any], argument: Argument) -> None:
    assert option["required"] == argument.required
    assert option["type"] == (INTEGER if argument.kind is Kind.INTEGER else STRING)
    if argument.kind is Kind.INTEGER:
        assert (option["min_value"], option["max_value"]) == (argument.minimum, argument.maximum)
    if argument.kind is Kind.TEXT:
        assert option["max_length"] == argument.max_chars
    assert [choice["value"] for choice in option.get("choices", [])] == list(argument.choices)
    assert option.get("autocomplete", False) == bool(argument.suggestions)


def test_a_number_that_may_be_said_as_a_word_can_be_said_as_zero() -> None:
    limit = Argument("n", Kind.INTEGER, "How many.", minimum=5, maximum=9, zero_word="off")

    told = payload([Command("few", "Few.", (limit,))], name="Earshot", translations={})

    assert told[0]["options"][0]["options"][0]["min_value"] == 0


def test_an_option_has_choices_or_completions_never_both() -> None:
    for option in walked(SLASH):
        assert not (option.get("choices") and option.get("autocomplete"))


def test_required_options_come_first() -> None:
    arguments = (
        Argument("a", Kind.CHOICE, "One.", choices=("x",)),
        Argument("b", Kind.TEXT, "Two.", required=True, max_chars=9),
    )

    told = payload([Command("c", "Both.", arguments)], name="Earshot", translations={})

    assert [option["name"] for option in told[0]["options"][0]["options"]] == ["b", "a"]


def test_groups_hold_commands_and_no_further_groups() -> None:
    for option in SLASH["options"]:
        within = {sub["type"] for sub in option["options"]}
        assert within == {1} if option["type"] == 2 else 1 not in within and 2 not in within


def test_the_commands_are_offered_in_servers_and_in_direct_messages_to_everybody() -> None:
    for command in (SLASH, MENU):
        assert command["contexts"] == [0, 1]
        assert command["integration_types"] == [0]
        assert command["default_member_permissions"] is None


def test_names_and_descriptions_are_short_enough_in_every_language() -> None:
    for option in walked(SLASH):
        names = [option["name"], *option["name_localizations"].values()]
        assert all(NAME.fullmatch(name) and name == name.lower() for name in names), names
        texts = [option["description"], *option["description_localizations"].values()]
        assert all(1 <= len(text) <= 100 for text in texts), texts


def test_lists_are_short_enough_and_name_nothing_twice_in_any_language() -> None:
    for option in walked(SLASH):
        below = option.get("options", [])
        assert len(below) <= 25
        assert len(option.get("choices", [])) <= 25
        for locale in LOCALES:
            names = Counter(o["name_localizations"].get(locale, o["name"]) for o in below)
            assert all(count == 1 for count in names.values()), (locale, names)


def test_the_whole_command_is_short_enough_in_its_longest_languages() -> None:
    def longest(option: dict[str, Any], field: str) -> int:
        return max(map(len, [option[field], *option[f"{field}_localizations"].values()]))

    num_chars = sum(
        longest(option, "name")
        + longest(option, "description")
        + sum(len(c["name"]) + len(c["value"]) for c in option.get("choices", []))
        for option in walked(SLASH)
    )

    assert num_chars <= 8000


def test_the_menu_of_a_message_names_the_assistant_in_every_language() -> None:
    _, menu = payload_in_all_languages("Marvin")

    titles = [menu["name"], *menu["name_localizations"].values()]

    assert menu["type"] == 3
    assert all("Marvin" in title and len(title) <= 32 for title in titles), titles


def test_a_long_name_of_the_assistant_is_cut_in_the_menu() -> None:
    _, menu = payload_in_all_languages("The Paranoid Android Marvin")

    titles = [menu["name"], *menu["name_localizations"].values()]

    assert all(len(title) <= 32 for title in titles), titles
    assert menu["name"].startswith("Ask The")


@pytest.mark.parametrize(
    ("data", "typed"),
    [
        (given("mode"), "mode"),
        (given("mode", mode="mention"), "mode mention"),
        (given("eagerness", level=30), "eagerness 30"),
        (given("eagerness", level=0), "eagerness 0"),
        (given("privacy", "retention", days=0), "privacy retention off"),
        (given("privacy", "forget-me"), "privacy forget-me"),
        (given("ask", question="  how far is it?  "), "ask how far is it?"),
        (given("quiet", time="   "), "quiet"),
    ],
)
def test_a_command_of_discord_is_the_command_that_is_typed(
    data: dict[str, Any], typed: str
) -> None:
    assert invocation(data) == parse(typed)


def test_every_command_without_values_comes_back() -> None:
    for path, command in defined():
        values = {a.name: "x" for a in command.arguments if a.required}

        assert invocation(given(*path, **values)) == Invocation(path, command, values)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (given("eagerness", level=-5), '"-5" does not work here'),
        (given("eagerness", level=101), "a whole number from 0 to 100"),
        (given("mode", mode="loud"), '"loud" does not work here'),
        (given("ask"), "The question is missing"),
        (given("ask", question=" "), "The question is missing"),
        (given("ask", question="x" * 2001), "I take up to 2000"),
    ],
)
def test_values_are_held_to_the_rules_of_typed_text(data: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        invocation(data)


@pytest.mark.parametrize(
    "data",
    [
        given(),
        given("dance"),
        given("privacy"),
        given("privacy", "dance"),
        given("mode", speed="high"),
        given("mode") | {"name": "helper"},
        {"id": "1", "name": "assistant", "type": 1},
    ],
)
def test_what_an_old_registration_offers_has_changed(data: dict[str, Any]) -> None:
    with pytest.raises(CommandChanged, match=re.escape(CHANGED)):
        invocation(data)


def test_a_command_is_named_without_what_was_typed() -> None:
    assert spoken(given("privacy", "retention", days=7)) == "/assistant privacy retention"
    assert spoken({"name": "assistant"}) == "/assistant"


def test_the_argument_that_is_being_typed_is_found() -> None:
    data = given("defaults", "quiet", hours="22")
    data["options"][0]["options"][0]["options"][0]["focused"] = True

    argument, typed = focused(data)

    assert (argument.name, typed) == ("hours", "22")


def test_nothing_is_being_typed_where_no_argument_has_the_focus() -> None:
    with pytest.raises(CommandChanged):
        focused(given("quiet", time="2"))


def test_who_may_use_a_command_is_left_to_the_code() -> None:
    assert any(command.who is not Who.EVERYONE for _, command in defined())
    assert all("default_member_permissions" not in option for option in SLASH["options"])
