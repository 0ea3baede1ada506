"""Every word of the definition stands in every language, and Discord takes it."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
import regex

from bot.commands import ASK_ABOUT, COMMANDS, PREFIX, SUMMARY, Argument, Command
from bot.commands.locales import LOCALES, MENU, ROOT, Words, translations

NAME = regex.compile(r"[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}")  # of Discord's documentation
MAX_DISCORD_CHARS = 8000  # of a command with all its options, each text in its longest language


def described(
    commands: tuple[Command, ...] = COMMANDS, above: str = ""
) -> Iterator[tuple[str, Command | Argument]]:
    for command in commands:
        path = f"{above}{command.name}"
        yield path, command
        yield from ((f"{path}.{argument.name}", argument) for argument in command.arguments)
        yield from described(command.subcommands, f"{path}.")


ENGLISH = {
    ROOT: Words(PREFIX.removeprefix("/"), SUMMARY),
    **{path: Words(found.name, found.summary) for path, found in described()},
}


def test_the_paths_of_the_command_itself_and_of_the_menu_are_no_commands() -> None:
    assert not {ROOT, MENU} & {path for path, _ in described()}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_language_has_every_word_and_no_other(locale: str) -> None:
    words = translations(locale)

    assert set(words) == {*ENGLISH, MENU}
    assert all(words[path].name and words[path].summary for path in ENGLISH)


@pytest.mark.parametrize("locale", LOCALES)
def test_names_and_summaries_are_such_as_discord_takes(locale: str) -> None:
    words = translations(locale)

    for path in ENGLISH:
        assert NAME.fullmatch(words[path].name), path
        assert words[path].name == words[path].name.lower(), path
        assert len(words[path].summary) <= 100, path
    assert 0 < len(words[MENU].name) <= 32
    assert words[MENU].name != ASK_ABOUT


@pytest.mark.parametrize("locale", LOCALES)
def test_no_two_siblings_have_one_name(locale: str) -> None:
    names = defaultdict(list)
    for path in set(ENGLISH) - {ROOT}:
        names[path.rpartition(".")[0]].append(translations(locale)[path].name)

    assert all(len(set(siblings)) == len(siblings) for siblings in names.values())


@pytest.mark.parametrize("locale", LOCALES)
def test_the_command_itself_is_called_what_the_answers_call_it(locale: str) -> None:
    assert translations(locale)[ROOT].name == "assistant"


@pytest.mark.parametrize("locale", sorted({*LOCALES} - {"es-419"}))
def test_what_is_said_in_a_language_is_said_in_it(locale: str) -> None:
    words = translations(locale)

    assert all(words[path].summary != english.summary for path, english in ENGLISH.items())


def test_a_locale_that_nobody_translated_has_no_words() -> None:
    assert translations("tlh") == {}
    assert translations("../de") == {}


def test_the_whole_command_is_not_too_long_for_discord() -> None:
    spoken = [ENGLISH, *(translations(locale) for locale in LOCALES)]
    texts = sum(
        max(len(words[path].name) for words in spoken)
        + max(len(words[path].summary) for words in spoken)
        for path in ENGLISH
    )
    arguments = (found for _, found in described() if isinstance(found, Argument))
    choices = sum(2 * len(choice) for argument in arguments for choice in argument.choices)

    assert texts + choices <= MAX_DISCORD_CHARS
