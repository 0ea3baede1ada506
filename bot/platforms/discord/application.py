"""The `/assistant` commands in Discord's native form, and back.

Pure. The payload is made from the one definition, so a command has the same name, limits and rights
as where it is typed. Discord knows no rights of single subcommands: they are checked when a
command is called. From https://discord.com/developers/docs/interactions/application-commands.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Required, TypedDict

from bot.commands.definition import (
    ASK_ABOUT,
    COMMANDS,
    PREFIX,
    SUMMARY,
    Argument,
    Command,
    Kind,
)
from bot.commands.locales import LOCALES, MENU, ROOT, Words, translations as words_of
from bot.commands.parse import Invocation, UsageError, clipped, read_value, usage_line

NAME = PREFIX.removeprefix("/")
MAX_NAME_CHARS = 32
CHANGED = "This command has changed; try again in a minute."

PRODUCT = "Earshot"  # what translators wrote where the name of the assistant belongs


class CommandType(IntEnum):
    """Discord's numbers for the kinds of commands."""

    CHAT_INPUT = 1
    MESSAGE = 3


class OptionType(IntEnum):
    """Discord's numbers for the kinds of options."""

    SUBCOMMAND = 1
    SUBCOMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4


GUILD_INSTALL = 0
GUILD, BOT_DM = 0, 1  # the places where a command is offered

Json = dict[str, object]
Translations = Mapping[str, Mapping[str, Words]]
"""By Discord's locale: the words of commands and arguments, by dotted path."""


class GivenOption(TypedDict, total=False):
    """An option as an interaction brings it: a value, or a subcommand's own options."""

    name: Required[str]
    value: str | int | float | bool
    options: list["GivenOption"]
    focused: bool


class GivenCommand(TypedDict, total=False):
    """The part of an interaction that names a command."""

    name: Required[str]
    type: int
    target_id: str
    options: list[GivenOption]


class CommandChanged(UsageError):  # noqa: N818 - what is the matter, named as people are told
    """Discord still offers a command that is no longer defined like that."""

    def __init__(self) -> None:
        super().__init__(CHANGED)


def payload(commands: Sequence[Command], *, name: str, translations: Translations) -> list[Json]:
    """Give what Discord is told of the commands; `name` is the assistant's."""
    everywhere: Json = {
        "contexts": [GUILD, BOT_DM],
        "integration_types": [GUILD_INSTALL],
        "default_member_permissions": None,
    }
    slash = {
        "type": CommandType.CHAT_INPUT.value,
        **_named(Words(NAME, SUMMARY), ROOT, translations),
        "options": [_subcommand(command, "", translations) for command in commands],
    }
    menu = {
        "type": CommandType.MESSAGE.value,
        "name": menu_title(ASK_ABOUT, name),
        "name_localizations": {
            locale: menu_title(words[MENU].name, name)
            for locale, words in translations.items()
            if MENU in words
        },
    }
    return [slash | everywhere, menu | everywhere]


def payload_in_all_languages(name: str) -> list[Json]:
    """Give what Discord is told of all commands, in every language there is."""
    return payload(
        COMMANDS, name=name, translations={locale: words_of(locale) for locale in LOCALES}
    )


def menu_title(words: str, name: str) -> str:
    """Give the words in a message's menu, with the assistant's name in them, cut to fit."""
    room = MAX_NAME_CHARS - len(words.replace(PRODUCT, ""))
    return words.replace(PRODUCT, clipped(name, room))


def invocation(given: GivenCommand) -> Invocation:
    """Read which command was called, and with what; by the same rules as typed text.

    Raises UsageError.
    """
    command, path, options = _called(given)
    known = {argument.name for argument in command.arguments}
    if not known.issuperset(option["name"] for option in options):
        raise CommandChanged
    words = {option["name"]: str(option.get("value", "")).strip() for option in options}
    values: dict[str, str | int] = {}
    for argument in command.arguments:
        if word := words.get(argument.name):
            values[argument.name] = read_value(word, argument)
        elif argument.required:
            usage = usage_line(path, command)
            raise UsageError(f"The {argument.name} is missing. Type it like this: {usage}")
    return Invocation(tuple(path), command, values)


def focused(given: GivenCommand) -> tuple[Argument, str]:
    """Find the argument that somebody is typing, and what stands there so far.

    Raises UsageError where there is none.
    """
    command, _, options = _called(given)
    for option in options:
        if option.get("focused"):
            for argument in command.arguments:
                if argument.name == option["name"]:
                    return argument, str(option.get("value", ""))
    raise CommandChanged


def spoken(given: GivenCommand) -> str:
    """Name a command as it was called, without anything that was typed."""
    words, options = [f"/{given['name']}"], given.get("options", [])
    while options and "value" not in options[0]:
        words.append(options[0]["name"])
        options = options[0].get("options", [])
    return " ".join(words)


def _called(given: GivenCommand) -> tuple[Command, list[str], list[GivenOption]]:
    """Walk down to the command that was called; gives its path and the options below it."""
    if given["name"] != NAME:
        raise CommandChanged
    path: list[str] = []
    options, commands = given.get("options", []), COMMANDS
    while options:
        command = next((c for c in commands if c.name == options[0]["name"]), None)
        if command is None:
            break
        path.append(command.name)
        options, commands = options[0].get("options", []), command.subcommands
        if not commands:
            return command, path, options
    raise CommandChanged


def _subcommand(command: Command, above: str, translations: Translations) -> Json:
    path = f"{above}.{command.name}" if above else command.name
    if command.subcommands:
        kind = OptionType.SUBCOMMAND_GROUP
        options = [_subcommand(sub, path, translations) for sub in command.subcommands]
    else:
        kind = OptionType.SUBCOMMAND
        in_order = sorted(command.arguments, key=lambda argument: not argument.required)
        options = [_option(argument, path, translations) for argument in in_order]
    return {"type": kind.value, **_named(command, path, translations), "options": options}


def _option(argument: Argument, above: str, translations: Translations) -> Json:
    kind = OptionType.INTEGER if argument.kind is Kind.INTEGER else OptionType.STRING
    return {
        "type": kind.value,
        **_named(argument, f"{above}.{argument.name}", translations),
        "required": argument.required,
        **dict(_limits(argument)),
    }


def _limits(argument: Argument) -> Iterator[tuple[str, object]]:
    if argument.kind is Kind.INTEGER:
        yield "min_value", min(0, argument.minimum) if argument.zero_word else argument.minimum
        yield "max_value", argument.maximum
    if argument.kind is Kind.TEXT and argument.max_chars:
        yield "max_length", argument.max_chars
    if argument.suggestions:  # Discord takes no choices beside them
        yield "autocomplete", True
    elif argument.choices:
        yield "choices", [{"name": choice, "value": choice} for choice in argument.choices]


def _named(named: Words | Command | Argument, path: str, translations: Translations) -> Json:
    told = {locale: table[path] for locale, table in translations.items() if path in table}
    return {
        "name": named.name,
        "name_localizations": {locale: words.name for locale, words in told.items()},
        "description": named.summary,
        "description_localizations": {locale: words.summary for locale, words in told.items()},
    }
