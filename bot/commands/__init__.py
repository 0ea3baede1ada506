"""The `/assistant` commands: one definition and one implementation for every platform.

`definition` says what there is, `parse` reads what was typed, the nouns (`talking`, `tuning`,
`privacy`, `housekeeping`) do it, `dispatch` holds them together. No platform is known here.
"""

from bot.commands.answer import Caller, CommandAnswer, Offer, offered_in_words
from bot.commands.definition import (
    ASK_ABOUT,
    COMMANDS,
    PREFIX,
    SUMMARY,
    Argument,
    Command,
    Kind,
    Who,
)
from bot.commands.dispatch import Commands
from bot.commands.parse import Invocation, UsageError, parse

__all__ = [
    "ASK_ABOUT",
    "COMMANDS",
    "PREFIX",
    "SUMMARY",
    "Argument",
    "Caller",
    "Command",
    "CommandAnswer",
    "Commands",
    "Invocation",
    "Kind",
    "Offer",
    "UsageError",
    "Who",
    "offered_in_words",
    "parse",
]
