"""The definition fits the narrowest platform, and every command of it can be carried out."""

import re

import pytest

from bot.commands import ASK_ABOUT, COMMANDS, SUMMARY, Kind, Who
from bot.commands.dispatch import HANDLERS
from bot.commands.grammar import leaves

LEAVES = dict(leaves(COMMANDS))
DEFAULTS = [
    *("mode", "eagerness", "quiet", "persona", "reference", "stream", "threads"),
    *("share", "cooldown", "bots", "retention", "training"),
]
GROUPS = [command for command in COMMANDS if command.subcommands]


def test_every_command_has_a_handler_and_every_handler_a_command() -> None:
    assert set(HANDLERS) == set(LEAVES)


def test_the_commands_are_those_that_were_promised() -> None:
    assert [command.name for command in COMMANDS] == [
        *("ask", "why", "catchup", "mode", "eagerness", "quiet", "persona"),
        *("replies", "limits", "defaults", "preview"),
        *("privacy", "status", "clear", "help"),
    ]
    assert {group.name: [sub.name for sub in group.subcommands] for group in GROUPS} == {
        "replies": ["reference", "stream", "threads"],
        "limits": ["share", "cooldown", "bots"],
        "defaults": ["show", *DEFAULTS, "follow"],
        "privacy": ["show", "optout", "optin", "forget-me", "retention", "training"],
    }


def test_the_commands_fit_discord() -> None:
    assert len(COMMANDS) <= 25
    for group in GROUPS:
        assert len(group.subcommands) <= 25
        assert not any(sub.subcommands for sub in group.subcommands)  # /assistant itself is a level
        assert 0 < len(group.summary) <= 100
    assert 0 < len(SUMMARY) <= 100
    assert 0 < len(ASK_ABOUT) <= 32


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_names_and_summaries_fit_discord(path: tuple[str, ...]) -> None:
    command = LEAVES[path]

    assert all(re.fullmatch(r"[-_a-z0-9]{1,32}", name) for name in path)
    for described in (command, *command.arguments):
        assert re.fullmatch(r"[-_a-z0-9]{1,32}", described.name)
        assert 0 < len(described.summary) <= 100
    for argument in command.arguments:
        assert len(argument.choices) <= 25
        assert all(len(text) <= 100 for text in (*argument.choices, *argument.suggestions))


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_a_text_takes_the_rest_of_the_line_and_so_comes_last(path: tuple[str, ...]) -> None:
    kinds = [argument.kind for argument in LEAVES[path].arguments]

    assert Kind.TEXT not in kinds[:-1]
    assert all(a.max_chars > 0 for a in LEAVES[path].arguments if a.kind is Kind.TEXT)


def test_what_changes_a_channel_is_for_its_managers() -> None:
    managed = {path for path, command in LEAVES.items() if command.who is Who.MANAGERS}

    assert managed == {
        *(("mode",), ("eagerness",), ("quiet",), ("persona",), ("preview",), ("clear",)),
        *(("replies", name) for name in ("reference", "stream", "threads")),
        *(("limits", name) for name in ("share", "cooldown", "bots")),
        ("defaults", "follow"),
        ("privacy", "retention"),
        ("privacy", "training"),
    }


def test_what_changes_a_server_is_for_its_managers() -> None:
    managed = {path for path, command in LEAVES.items() if command.who is Who.WORKSPACE_MANAGERS}

    assert managed == {("defaults", name) for name in DEFAULTS}


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_what_is_suggested_is_not_too_long_to_be_taken(path: tuple[str, ...]) -> None:
    for argument in LEAVES[path].arguments:
        assert all(len(text) <= argument.max_chars for text in argument.suggestions)
