"""Read what a person typed after `/assistant`.

Pure. It knows the definition and nothing of what the commands do. Whatever is typed, the outcome is
an Invocation or a UsageError whose text tells the person what to type instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.commands.definition import COMMANDS, Argument, Command, Kind, Who
from bot.commands.grammar import TYPED

MAX_QUOTED_CHARS = 30


class UsageError(ValueError):
    """What a person typed cannot be carried out; the text is the answer they get."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command as it was called.

    `path` names it ("mode", or "privacy", "show"). `values` holds the arguments that were given, by
    name: int for an INTEGER, else str.
    """

    path: tuple[str, ...]
    command: Command
    values: Mapping[str, str | int]

    @property
    def only_shows(self) -> bool:
        """True if it changes nothing, because a setting was called without a value."""
        return self.command.bare_shows and not self.values

    @property
    def needs(self) -> Who:
        """Who may do this: to look at a setting is open to everyone."""
        return Who.EVERYONE if self.only_shows else self.command.who

    @property
    def ephemeral(self) -> bool:
        """True if the answer is for the asker's eyes only."""
        return self.command.ephemeral or self.only_shows


def parse(text: str, *, prefix: str = TYPED) -> Invocation:
    """Find the command and its arguments in `text`, the words after `/assistant`.

    Nothing at all means `help`. Raises UsageError, whose hints begin with the `prefix` that is typed
    there.
    """
    word, rest = _first_word(text)
    if not word:
        word = "help"
    command = _named(word, COMMANDS)
    if command is None:
        raise UsageError(_unknown(word, rest, prefix))
    path = [command.name]
    if command.subcommands:
        word, rest = _first_word(rest)
        group, command = command, _named(word, command.subcommands)
        if command is None:
            raise UsageError(_unknown_sub(word, group, prefix))
        path.append(command.name)
    values = _values(rest, command, usage_line(path, command, prefix=prefix))
    return Invocation(tuple(path), command, values)


def usage_line(path: Sequence[str], command: Command, *, prefix: str = TYPED) -> str:
    """Give the form of a command, such as `/assistant why [n]`; brackets mean: may be left out."""
    if command.subcommands:
        shown = ["|".join(sub.name for sub in command.subcommands)]
    else:
        shown = [_placeholder(argument) for argument in command.arguments]
    return prefix + " ".join([*path, *shown])


def clipped(text: str, max_chars: int = MAX_QUOTED_CHARS) -> str:
    """Quote a person's words on one line, cut to `max_chars`."""
    flat = " ".join(text.split())
    return flat if len(flat) <= max_chars else flat[: max_chars - 1].rstrip() + "…"


def _placeholder(argument: Argument) -> str:
    if argument.kind is Kind.CHOICE and len(argument.choices) <= 5:
        shown = "|".join(argument.choices)
    elif argument.kind is Kind.INTEGER:
        shown = f"{argument.name} {argument.minimum}-{argument.maximum}"
    else:
        shown = argument.name
    return f"<{shown}>" if argument.required else f"[{shown}]"


def _first_word(text: str) -> tuple[str, str]:
    word, *rest = text.strip().split(maxsplit=1) or [""]
    return word, rest[0] if rest else ""


def _plain(word: str) -> str:
    """Read `Opt-Out`, `opt_out` and `optout` as the same word."""
    return word.casefold().replace("-", "").replace("_", "")


def _named(word: str, commands: Sequence[Command]) -> Command | None:
    return next((c for c in commands if _plain(c.name) == _plain(word)), None)


def _nearest(word: str, names: Sequence[str]) -> str | None:
    """Give the name most like `word`, or that it begins, or None if nothing is like it."""
    begun = [name for name in names if len(word) > 1 and _plain(name).startswith(_plain(word))]
    near = begun or get_close_matches(_plain(word), names, n=1, cutoff=0.5)
    return near[0] if near else None


def _unknown(word: str, rest: str, prefix: str) -> str:
    near = _nearest(word, [command.name for command in COMMANDS])
    hints = [f"Did you mean {prefix}{near}?"] if near else []
    if " " in rest:  # a whole sentence is more likely a question than a slip of the keys
        hints.append(f"To ask me something, type {prefix}ask and your question.")
    elif near != "help":
        hints.append(f"{prefix}help lists them all.")
    return " ".join([f'There is no command "{clipped(word)}".', *hints])


def _unknown_sub(word: str, group: Command, prefix: str) -> str:
    names = [sub.name for sub in group.subcommands]
    if not word:
        listed = ", ".join(names)
        return f"{prefix}{group.name} needs one more word: {listed}."
    near = _nearest(word, names)
    hint = f"Did you mean {prefix}{group.name} {near}?" if near else f"It has: {', '.join(names)}."
    return f'{prefix}{group.name} has no "{clipped(word)}". {hint}'


def _values(rest: str, command: Command, usage: str) -> dict[str, str | int]:
    values: dict[str, str | int] = {}
    for argument in command.arguments:
        word, rest = (rest.strip(), "") if argument.kind is Kind.TEXT else _first_word(rest)
        if word:
            values[argument.name] = read_value(word, argument)
        elif argument.required:
            raise UsageError(f"The {argument.name} is missing. Type it like this: {usage}")
    if rest:
        raise UsageError(f'I did not expect "{clipped(rest)}". Type it like this: {usage}')
    return values


def read_value(word: str, argument: Argument) -> str | int:
    """Read one argument as it was typed or chosen. Raises UsageError."""
    if argument.kind is Kind.INTEGER:
        return _integer(word, argument)
    if argument.kind is Kind.CHOICE:
        return _choice(word, argument)
    if len(word) > argument.max_chars:
        raise UsageError(
            f"That {argument.name} has {len(word)} characters; I take up to {argument.max_chars}."
        )
    return word


def _integer(word: str, argument: Argument) -> int:
    if argument.zero_word and word.casefold() == argument.zero_word:
        return 0
    digits = word.removesuffix("%")
    # The length is looked at first: int() refuses to read more than 4300 digits.
    if digits.isdecimal() and len(digits) <= 9:
        number = int(digits)
        if argument.minimum <= number <= argument.maximum:
            return number
    or_word = f' or "{argument.zero_word}"' if argument.zero_word else ""
    raise UsageError(
        f'"{clipped(word)}" does not work here: {argument.name} is a whole number from '
        f"{argument.minimum} to {argument.maximum}{or_word}."
    )


def _choice(word: str, argument: Argument) -> str:
    for choice in argument.choices:
        if _plain(choice) == _plain(word):
            return choice
    near = _nearest(word, argument.choices)
    hint = f"Did you mean {near}?" if near else f"It can be: {', '.join(argument.choices)}."
    raise UsageError(f'"{clipped(word)}" does not work here. {hint}')
