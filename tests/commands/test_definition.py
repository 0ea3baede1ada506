"""The definition fits the narrowest platform, and every command of it can be carried out."""

import re
from collections.abc import Iterator

import pytest

from bot.commands import COMMANDS, Command, Kind, Who
from bot.commands.dispatch import HANDLERS


def leaves(
    commands: tuple[Command, ...], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Command]]:
    for command in commands:
        path = (*above, command.name)
        if command.subcommands:
            yield from leaves(command.subcommands, path)
        else:
            yield path, command


LEAVES = dict(leaves(COMMANDS))


def test_every_command_has_a_handler_and_every_handler_a_command() -> None:
    assert set(HANDLERS) == set(LEAVES)


def test_the_commands_are_those_that_were_promised() -> None:
    assert [command.name for command in COMMANDS] == [
        *("ask", "why", "catchup", "mode", "eagerness", "quiet", "persona"),
        *("privacy", "status", "clear", "help"),
    ]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_names_and_summaries_fit_discord(path: tuple[str, ...]) -> None:
    command = LEAVES[path]

    assert all(re.fullmatch(r"[-_a-z0-9]{1,32}", name) for name in path)
    for described in (command, *command.arguments):
        assert re.fullmatch(r"[-_a-z0-9]{1,32}", described.name)
        assert 0 < len(described.summary) <= 100
    for argument in command.arguments:
        assert len(argument.choices) <= 25


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_a_text_takes_the_rest_of_the_line_and_so_comes_last(path: tuple[str, ...]) -> None:
    kinds = [argument.kind for argument in LEAVES[path].arguments]

    assert Kind.TEXT not in kinds[:-1]
    assert all(a.max_chars > 0 for a in LEAVES[path].arguments if a.kind is Kind.TEXT)


def test_what_changes_a_channel_is_for_its_managers() -> None:
    managed = {path for path, command in LEAVES.items() if command.who is Who.MANAGERS}

    assert managed == {
        *(("mode",), ("eagerness",), ("quiet",), ("persona",), ("clear",)),
        ("privacy", "retention"),
        ("privacy", "training"),
    }
