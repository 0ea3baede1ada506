"""What docs/slack.md promises is what there is."""

from pathlib import Path

from bot.commands.definition import COMMANDS
from bot.config import Settings, variable
from bot.platforms.slack.scopes import SCOPES

PAGE = (Path(__file__).parents[2] / "docs/slack.md").read_text()


def test_each_scope_of_the_manifest_is_explained() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]

    for scope in SCOPES:
        (row,) = (line for line in rows if f"`{scope.name}`" in line)
        assert row.endswith("| needed |" if scope.needed else "| may be left out |"), scope.name


def test_each_setting_of_slack_is_named() -> None:
    for field in Settings.model_fields:
        if field.startswith("slack_"):
            assert variable(field) in PAGE, field


def test_each_command_that_sets_something_is_named() -> None:
    for command in COMMANDS:
        if command.bare_shows or any(sub.bare_shows for sub in command.subcommands):
            assert f"/assistant {command.name}" in PAGE, command.name
