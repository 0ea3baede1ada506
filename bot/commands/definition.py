"""The one definition of `/assistant`: which commands there are, what they take, who may use them.

Values only. The text parser, the help, and the application commands of the platforms are all made
from COMMANDS, so a command has the same name, limits and rights wherever people type it. Names and
summaries keep to the narrowest platform: Discord allows 32 characters, 100 and 25 choices.
"""

from bot.commands.grammar import PREFIX, Argument, Command, Kind, Who, setting
from bot.commands.settings_definition import ALLOWED, DAYS, DEFAULTS, LIMITS, REPLIES, TUNING

__all__ = [
    "ASK_ABOUT",
    "COMMANDS",
    "PREFIX",
    "SUMMARY",
    "Argument",
    "Command",
    "Kind",
    "Who",
]

SUMMARY = "Talk to me, see why I speak or stay silent, and set how I behave here."
ASK_ABOUT = "Ask Earshot about this"  # in the menu of a message, where a platform has such menus
MAX_QUESTION_CHARS = 2000  # a chat message on Discord is no longer
MAX_WHY = 20
MAX_PREVIEW_HOURS = 168
PREVIEW_HOURS = 24

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
        tells_history=True,
        examples=("why", "why 10"),
    ),
    Command("catchup", "Sum up what was said since you last wrote.", tells_history=True),
)

_PRIVACY = Command(
    "privacy",
    "See and choose what I store.",
    subcommands=(
        Command("show", "See what I store about you."),
        Command("optout", "Stop me from storing what you write."),
        Command("optin", "Let me store what you write again."),
        Command("forget-me", "Delete what I stored about you."),
        setting(
            "retention",
            "See or set how many days I keep messages here.",
            DAYS,
            examples=("privacy retention 30", "privacy retention off"),
        ),
        setting(
            "training",
            "See or set whether a model may be trained on this channel.",
            ALLOWED,
            examples=("privacy training on", "privacy training off"),
        ),
    ),
)

_PREVIEW = Command(
    "preview",
    "See what I would have said lately at other eagerness.",
    (
        Argument(
            "hours",
            Kind.INTEGER,
            f"How far to look back, {PREVIEW_HOURS} unless told.",
            minimum=1,
            maximum=MAX_PREVIEW_HOURS,
        ),
    ),
    who=Who.MANAGERS,
    tells_history=True,
    examples=("preview", "preview 48"),
)

_BEFORE_HELP = (
    *_TALKING,
    *TUNING,
    REPLIES,
    LIMITS,
    DEFAULTS,
    _PREVIEW,
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
