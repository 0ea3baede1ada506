"""The one definition of `/assistant`: which commands there are, what they take, who may use them.

Values only. The text parser, the help, and the application commands of the platforms are all made
from COMMANDS, so a command has the same name, limits and rights wherever people type it. Names and
summaries keep to the narrowest platform: Discord allows 32 characters, 100 and 25 choices.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.messages import MAX_PERSONA_CHARS, MAX_RETENTION_DAYS, Mode

PREFIX = "/assistant"
MAX_QUESTION_CHARS = 2000  # a chat message on Discord is no longer
MAX_WHY = 20


class Who(StrEnum):
    """Who may use a command."""

    EVERYONE = "everyone"
    MANAGERS = "people who may manage this channel"


class Kind(StrEnum):
    """What an argument is. TEXT is the rest of the line and therefore comes last."""

    TEXT = "text"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command.

    `minimum` and `maximum` bound an INTEGER, both ends included; `zero_word` is a word that means 0
    there. `max_chars` bounds a TEXT, `choices` are the words of a CHOICE.
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


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or a group of them if it has `subcommands`.

    `who` may use it; with `bare_shows` everyone may use it without arguments, because it then only
    shows a setting. `ephemeral` answers are for the asker's eyes only, and so is what a bare
    command shows.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    subcommands: tuple["Command", ...] = ()
    who: Who = Who.EVERYONE
    ephemeral: bool = True
    bare_shows: bool = False
    examples: tuple[str, ...] = ()


_TALKING = (
    Command(
        "ask",
        "Ask me something; I always answer.",
        (
            Argument(
                "question",
                Kind.TEXT,
                "What you want to know.",
                required=True,
                max_chars=MAX_QUESTION_CHARS,
            ),
        ),
        ephemeral=False,
        examples=("ask how far is it from Lyon to Turin?",),
    ),
    Command(
        "why",
        "See my last decisions here, the silent ones too.",
        (Argument("n", Kind.INTEGER, "How many, 5 unless told.", minimum=1, maximum=MAX_WHY),),
        examples=("why", "why 10"),
    ),
    Command("catchup", "Sum up what was said since you last wrote."),
)

_TUNING = (
    Command(
        "mode",
        "See or set how I listen here.",
        (
            Argument(
                "mode",
                Kind.CHOICE,
                "active: speak when it helps. mention: only when asked. listen: never. off: not even read.",
                choices=tuple(mode.value for mode in Mode),
            ),
        ),
        who=Who.MANAGERS,
        ephemeral=False,
        bare_shows=True,
        examples=("mode mention",),
    ),
    Command(
        "eagerness",
        "See or set how readily I speak unasked.",
        (
            Argument(
                "level",
                Kind.INTEGER,
                "0: only when asked. 50: as I was made. 100: nearly always.",
                minimum=0,
                maximum=100,
            ),
        ),
        who=Who.MANAGERS,
        ephemeral=False,
        bare_shows=True,
        examples=("eagerness", "eagerness 30"),
    ),
    Command(
        "quiet",
        "Keep me quiet for a while, or at fixed hours.",
        (
            Argument(
                "time",
                Kind.TEXT,
                "2h, until 18:00, off, hours 22:00-07:00 Mon-Fri Europe/Berlin, or hours off.",
                max_chars=100,
            ),
        ),
        who=Who.MANAGERS,
        ephemeral=False,
        bare_shows=True,
        examples=(
            "quiet 2h",
            "quiet until 18:00 Europe/Berlin",
            "quiet off",
            "quiet hours 22:00-07:00 Mon-Fri Europe/Berlin",
            "quiet hours off",
        ),
    ),
    Command(
        "persona",
        "See or set who I am here, in your words.",
        (
            Argument(
                "text",
                Kind.TEXT,
                "For example: a dry-witted librarian. The word clear removes it.",
                max_chars=MAX_PERSONA_CHARS,
            ),
        ),
        who=Who.MANAGERS,
        ephemeral=False,
        bare_shows=True,
        examples=("persona a dry-witted librarian", "persona clear"),
    ),
)

_PRIVACY = Command(
    "privacy",
    "See and choose what I store.",
    subcommands=(
        Command("show", "See what I store about you."),
        Command("optout", "Stop me from storing what you write."),
        Command("optin", "Let me store what you write again."),
        Command("forget-me", "Delete what I stored about you."),
        Command(
            "retention",
            "See or set how many days I keep messages here.",
            (
                Argument(
                    "days",
                    Kind.INTEGER,
                    "After so many days messages are deleted; 0 or off keeps them.",
                    minimum=0,
                    maximum=MAX_RETENTION_DAYS,
                    zero_word="off",
                ),
            ),
            who=Who.MANAGERS,
            ephemeral=False,
            bare_shows=True,
            examples=("privacy retention 30", "privacy retention off"),
        ),
        Command(
            "training",
            "See or set whether a model may be trained on this channel.",
            (
                Argument(
                    "allowed",
                    Kind.CHOICE,
                    "on lets whoever runs me do it; off, as it is at first, forbids it.",
                    choices=("on", "off"),
                ),
            ),
            who=Who.MANAGERS,
            ephemeral=False,
            bare_shows=True,
            examples=("privacy training on", "privacy training off"),
        ),
    ),
)

_BEFORE_HELP = (
    *_TALKING,
    *_TUNING,
    _PRIVACY,
    Command("status", "See how I am set up here and what I did lately."),
    Command(
        "clear",
        "Make me forget this conversation.",
        (Argument("confirm", Kind.CHOICE, "Say confirm to do it.", choices=("confirm",)),),
        who=Who.MANAGERS,
        ephemeral=False,
        bare_shows=True,
        examples=("clear confirm",),
    ),
)

COMMANDS: tuple[Command, ...] = (
    *_BEFORE_HELP,
    Command(
        "help",
        "List my commands, or explain one.",
        (
            Argument(
                "command",
                Kind.CHOICE,
                "The command to explain.",
                choices=tuple(command.name for command in _BEFORE_HELP),
            ),
        ),
        examples=("help", "help quiet"),
    ),
)
