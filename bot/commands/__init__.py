"""The `/assistant` commands: one definition and one implementation for every platform.

`definition` says what there is, `parse` reads what was typed, the nouns (`talking`, `tuning`,
`privacy`, `housekeeping`) do it, `dispatch` holds them together. No platform is known here.
"""

from bot.commands.answer import Caller, CommandAnswer
from bot.commands.definition import COMMANDS, PREFIX, Argument, Command, Kind, Who
from bot.commands.dispatch import Commands
from bot.commands.parse import Invocation, UsageError, parse

__all__ = [
    "COMMANDS",
    "PREFIX",
    "Argument",
    "Caller",
    "Command",
    "CommandAnswer",
    "Commands",
    "Invocation",
    "Kind",
    "UsageError",
    "Who",
    "parse",
]
