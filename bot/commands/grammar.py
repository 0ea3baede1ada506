"""What a command is made of: names, summaries, arguments, and who may use it.

Values, and the walk through them; `definition` says which commands there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "/assistant"
TYPED = f"{PREFIX} "  # what people type before the words of a command, unless told otherwise


class Who(StrEnum):
    """Who may use a command."""

    EVERYONE = "everyone"
    MANAGERS = "people who may manage this channel"
    WORKSPACE_MANAGERS = "people who may manage this {workspace}"

    def called(self, workspace: str) -> str:
        """Name them; `workspace` is what people there call what has channels, such as "server"."""
        return self.format(workspace=workspace)


class Kind(StrEnum):
    """What an argument is. TEXT is the rest of the line and therefore comes last."""

    TEXT = "text"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command.

    `minimum` and `maximum` bound an INTEGER, both ends included; `zero_word` is a word that means 0
    there. `max_chars` bounds a TEXT, `choices` are the words of a CHOICE. `suggestions` are texts
    to pick from while a TEXT is typed; with `takes_zone` its last word may be a time zone.
    """

    name: str
    kind: Kind
    summary: str
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0
    zero_word: str = ""
    max_chars: int = 0
    suggestions: tuple[str, ...] = ()
    takes_zone: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or a group of them if it has `subcommands`.

    `who` may use it; with `bare_shows` everyone may use it without arguments, because it then only
    shows a setting. `ephemeral` answers are for the asker's eyes only, and so is what a bare
    command shows. One that `tells_history` shows what others said: to those who may read it anyway.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    subcommands: tuple["Command", ...] = ()
    who: Who = Who.EVERYONE
    ephemeral: bool = True
    bare_shows: bool = False
    tells_history: bool = False
    examples: tuple[str, ...] = ()


def setting(
    name: str,
    summary: str,
    argument: Argument,
    *,
    who: Who = Who.MANAGERS,
    examples: tuple[str, ...],
) -> Command:
    """Define a command that shows a setting to everyone, and lets those who may change it."""
    return Command(
        name,
        summary,
        (argument,),
        who=who,
        ephemeral=False,
        bare_shows=True,
        examples=examples,
    )


def leaves(
    commands: Sequence[Command], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Walk the commands that can be called, each with the words that name it."""
    for command in commands:
        path = (*above, command.name)
        if command.subcommands:
            yield from leaves(command.subcommands, path)
        else:
            yield path, command
