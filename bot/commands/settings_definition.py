"""The commands that change settings: of a channel, and what holds in a workspace that chose nothing.

Values only. A workspace's defaults take the same arguments as the channel's own commands.
"""

from bot.commands.grammar import Argument, Command, Kind, Who, setting
from bot.messages import MAX_PERSONA_CHARS, MAX_RETENTION_DAYS, Mode

MAX_TIME_CHARS = 100
MAX_PERCENT = 100
MAX_BOT_REPLIES = 100
HOURS = "22:00-07:00 Mon-Fri Europe/Berlin"

MODE = Argument(
    "mode",
    Kind.CHOICE,
    "active: speak when it helps. mention: only when asked. listen: never. off: not even read.",
    choices=tuple(mode.value for mode in Mode),
)
LEVEL = Argument(
    "level",
    Kind.INTEGER,
    "0: only when asked. 50: as I was made. 100: nearly always.",
    minimum=0,
    maximum=100,
)
TIME = Argument(
    "time",
    Kind.TEXT,
    f"2h, until 18:00, off, hours {HOURS}, or hours off.",
    max_chars=MAX_TIME_CHARS,
    suggestions=("30m", "2h", "until 18:00", "1d", f"hours {HOURS}", "off", "hours off"),
    takes_zone=True,
)
DEFAULT_HOURS = Argument(
    "hours",
    Kind.TEXT,
    f"Such as {HOURS}, or off.",
    max_chars=MAX_TIME_CHARS,
    suggestions=(HOURS, "22:00-07:00 every day UTC", "18:00-09:00 weekdays UTC", "off"),
    takes_zone=True,
)
PERSONA = Argument(
    "text",
    Kind.TEXT,
    "For example: a dry-witted librarian. The word clear removes it.",
    max_chars=MAX_PERSONA_CHARS,
    suggestions=(
        "a dry-witted librarian",
        "a patient teacher who explains in short words",
        "a terse senior engineer",
        "a cheerful host who knows everybody here",
        "clear",
    ),
)
DAYS = Argument(
    "days",
    Kind.INTEGER,
    "After so many days messages are deleted; 0 or off keeps them.",
    minimum=0,
    maximum=MAX_RETENTION_DAYS,
    zero_word="off",
)
ALLOWED = Argument(
    "allowed",
    Kind.CHOICE,
    "on lets whoever runs me do it; off, as it is at first, forbids it.",
    choices=("on", "off"),
)


def _switch(summary: str) -> Argument:
    return Argument("switch", Kind.CHOICE, summary, choices=("on", "off"))


REFERENCE = _switch("on: answers show which message they answer. off: they stand alone.")
STREAM = _switch("on: you can read along. off: a reply appears once it is whole.")
THREADS = _switch(
    "on: in threads I speak as in the channel. off: in threads I speak only when asked."
)
PERCENT = Argument(
    "percent",
    Kind.INTEGER,
    "At most so many percent of the last 20 messages; 0 or off: no limit.",
    minimum=0,
    maximum=MAX_PERCENT,
    zero_word="off",
)
REST = Argument(
    "time",
    Kind.TEXT,
    "I speak unasked again after so long, such as 5m; off: no rest.",
    max_chars=MAX_TIME_CHARS,
    suggestions=("1m", "5m", "15m", "1h", "off"),
)
TIMES = Argument(
    "times",
    Kind.INTEGER,
    "At most so many times in a row; 0 or off: never.",
    minimum=0,
    maximum=MAX_BOT_REPLIES,
    zero_word="off",
)

TUNING = (
    setting("mode", "See or set how I listen here.", MODE, examples=("mode mention",)),
    setting(
        "eagerness",
        "See or set how readily I speak unasked.",
        LEVEL,
        examples=("eagerness", "eagerness 30"),
    ),
    setting(
        "quiet",
        "Keep me quiet for a while, or at fixed hours.",
        TIME,
        examples=(
            "quiet 2h",
            "quiet until 18:00 Europe/Berlin",
            "quiet off",
            f"quiet hours {HOURS}",
            "quiet hours off",
        ),
    ),
    setting(
        "persona",
        "See or set who I am here, in your words.",
        PERSONA,
        examples=("persona a dry-witted librarian", "persona clear"),
    ),
)


REPLIES = Command(
    "replies",
    "See and choose how my replies look here.",
    subcommands=(
        setting(
            "reference",
            "See or set whether an answer points to its question.",
            REFERENCE,
            examples=("replies reference off",),
        ),
        setting(
            "stream",
            "See or set whether a reply shows while I write it.",
            STREAM,
            examples=("replies stream off",),
        ),
        setting(
            "threads",
            "See or set whether I follow threads here.",
            THREADS,
            examples=("replies threads off",),
        ),
    ),
)

LIMITS = Command(
    "limits",
    "See and choose how much I may say here.",
    subcommands=(
        setting(
            "share",
            "See or set how much of the talk may be mine.",
            PERCENT,
            examples=("limits share 25", "limits share off"),
        ),
        setting(
            "cooldown",
            "See or set how long I rest after I spoke.",
            REST,
            examples=("limits cooldown 5m", "limits cooldown off"),
        ),
        setting(
            "bots",
            "See or set whether I answer other bots.",
            TIMES,
            examples=("limits bots 3", "limits bots off"),
        ),
    ),
)


def _default(name: str, summary: str, argument: Argument, *examples: str) -> Command:
    shown = tuple(f"defaults {example}" for example in examples)
    return setting(name, summary, argument, who=Who.WORKSPACE_MANAGERS, examples=shown)


DEFAULTS = Command(
    "defaults",
    "See and choose what holds where a channel chose nothing.",
    subcommands=(
        Command("show", "See the defaults, and what this channel chose itself."),
        _default("mode", "See or set how I listen by default.", MODE, "mode mention"),
        _default("eagerness", "See or set my eagerness by default.", LEVEL, "eagerness 30"),
        _default(
            "quiet",
            "See or set the quiet hours by default.",
            DEFAULT_HOURS,
            *(f"quiet {HOURS}", "quiet off"),
        ),
        _default(
            "persona",
            "See or set who I am by default.",
            PERSONA,
            *("persona a dry-witted librarian", "persona clear"),
        ),
        _default(
            "reference",
            "See or set if answers point to questions by default.",
            REFERENCE,
            "reference off",
        ),
        _default(
            "stream",
            "See or set if replies show while written by default.",
            STREAM,
            "stream off",
        ),
        _default("threads", "See or set if I follow threads by default.", THREADS, "threads off"),
        _default(
            "share",
            "See or set how much of the talk is mine by default.",
            PERCENT,
            *("share 25", "share off"),
        ),
        _default(
            "cooldown",
            "See or set how long I rest by default.",
            REST,
            *("cooldown 5m", "cooldown off"),
        ),
        _default(
            "bots",
            "See or set if I answer other bots by default.",
            TIMES,
            *("bots 3", "bots off"),
        ),
        _default(
            "retention",
            "See or set how many days I keep messages by default.",
            DAYS,
            *("retention 30", "retention off"),
        ),
        _default(
            "training",
            "See or set if messages may train a model by default.",
            ALLOWED,
            *("training on", "training off"),
        ),
        Command(
            "follow",
            "Let this channel drop its choices for the defaults.",
            who=Who.MANAGERS,
            ephemeral=False,
            examples=("defaults follow",),
        ),
    ),
)
