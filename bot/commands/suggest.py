"""What could be meant while an argument is still typed: completions for platforms that show them.

Pure but for the names of the time zones. A completion is a text that the command takes as it
stands; what is typed may be sent without any.
"""

import re
from collections.abc import Iterable
from itertools import islice

from bot.commands.grammar import Argument, Kind
from bot.commands.times import ALL_DAYS, zone_names

MAX_SUGGESTIONS = 25  # Discord shows no more
MAX_SUGGESTION_CHARS = 100  # and refuses all of them where one is longer

_NUMBER = re.compile(r"\d{1,3}")
_SPAN = re.compile(r"\d+([a-z])")
_CLOCK_FIRST = re.compile(r"(?:(?:until|hours) )?\d")
_HOURS_ALONE = re.compile(r"(?:hours )?[\d: \u2013\u2014-]+")


def suggestions(argument: Argument, typed: str) -> list[str]:
    """Complete what was `typed` of an argument, the likeliest first; nothing typed gives examples.

    At most 25 texts of at most 100 characters, none of them twice.
    """
    typed = " ".join(typed.split()) + (" " if typed[-1:].isspace() and typed.strip() else "")
    if argument.kind is Kind.CHOICE:
        found = _matching(argument.choices, typed)
    elif argument.kind is Kind.TEXT:
        found = [*_matching(argument.suggestions, typed), *_with_units(argument, typed)]
        if argument.takes_zone:
            found += _with_days_or_zone(typed)
    else:
        found = []
    limit = min(MAX_SUGGESTION_CHARS, argument.max_chars or MAX_SUGGESTION_CHARS)
    fitting = (text for text in dict.fromkeys(found) if len(text) <= limit)
    return list(islice(fitting, MAX_SUGGESTIONS))


def _matching(texts: Iterable[str], typed: str) -> list[str]:
    """Give the texts that begin with what was typed, then those that hold it elsewhere."""
    wanted = typed.casefold()
    begun = [text for text in texts if text.casefold().startswith(wanted)]
    return begun + [text for text in texts if text not in begun and wanted in text.casefold()]


def _with_units(argument: Argument, typed: str) -> list[str]:
    """Complete a bare number with the units of time that the argument's examples have."""
    number = typed.strip()
    if not _NUMBER.fullmatch(number) or int(number) == 0:
        return []
    spans = (_SPAN.fullmatch(text) for text in argument.suggestions)
    return [f"{int(number)}{span[1]}" for span in spans if span]


def _with_days_or_zone(typed: str) -> list[str]:
    """Complete the last word behind a time of day, as days or as a time zone."""
    before, _, word = typed.rpartition(" ")
    if not _CLOCK_FIRST.match(before):
        return []
    days = ALL_DAYS if _HOURS_ALONE.fullmatch(before) else ()
    ends = [day for day in days if day.casefold().startswith(word.casefold())]
    return [f"{before} {end}" for end in [*ends, *_zones(word)]]


def _zones(word: str) -> list[str]:
    """Give the time zones whose name or city begins so, those of nothing typed being UTC alone."""
    wanted = word.casefold()
    if not wanted:
        return ["UTC"]
    names = [name for name in zone_names() if name.casefold().startswith(wanted)]
    cities = [
        name for name in zone_names() if name.rpartition("/")[2].casefold().startswith(wanted)
    ]
    return [*cities, *names]
