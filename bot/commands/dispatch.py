"""Run one `/assistant` command from the text typed to the answer shown.

1. Text that is no command is answered with what to type instead; nothing is logged.
2. Somebody who may not use the command is told who may; what was said is not told to those who may
   not read it.
3. A failing store or model is logged with its cause, and people get a fixed sentence.
Nothing a person types makes it raise.
"""

import logging
from collections.abc import Callable, Mapping

from bot.commands import (
    defaults,
    housekeeping,
    limits,
    preview,
    privacy,
    replies,
    talking,
    tuning,
)
from bot.commands.answer import Call, Caller, CommandAnswer, Handler
from bot.commands.parse import Invocation, UsageError, parse
from bot.errors import ModelError, StoreError
from bot.messages import Author
from bot.notices import CANNOT_THINK
from bot.ports import Model
from bot.store import Store

logger = logging.getLogger(__name__)

STORE_FAILED = (
    "That didn't work: I can't reach my history right now. "
    "Please try again in a minute; whoever runs me finds the cause in the log."
)

NOT_SHOWN = "You may not read what was said here before, so {name} can't tell you."

HANDLERS: Mapping[tuple[str, ...], Handler] = {
    ("ask",): talking.ask,
    ("why",): talking.why,
    ("catchup",): talking.catchup,
    ("mode",): tuning.mode,
    ("eagerness",): tuning.eagerness,
    ("quiet",): tuning.quiet,
    ("persona",): tuning.persona,
    ("replies", "reference"): replies.reference,
    ("replies", "stream"): replies.stream,
    ("replies", "threads"): replies.threads,
    ("limits", "share"): limits.share,
    ("limits", "cooldown"): limits.cooldown,
    ("limits", "bots"): limits.bots,
    ("defaults", "show"): defaults.show,
    **{("defaults", name): handler for name, handler in defaults.FOR_ALL.items()},
    ("defaults", "follow"): defaults.follow,
    ("preview",): preview.preview,
    ("privacy", "show"): privacy.show,
    ("privacy", "optout"): privacy.opt_out,
    ("privacy", "optin"): privacy.opt_in,
    ("privacy", "forget-me"): privacy.forget_me,
    ("privacy", "retention"): privacy.retention,
    ("privacy", "training"): privacy.training,
    ("status",): housekeeping.status,
    ("clear",): housekeeping.clear,
    ("help",): housekeeping.help_,
}

READERS: Mapping[tuple[str, ...], Callable[[Call], object]] = {
    ("quiet",): tuning.read_quiet,
    ("limits", "cooldown"): limits.read_rest,
    ("defaults", "quiet"): defaults.read_quiet_hours,
    ("defaults", "cooldown"): limits.read_rest,
}
"""Those that read a text as their command does, and do nothing; any other text is right."""


class Commands:
    """Answers `/assistant` for every platform. `me` is the assistant as people know it there."""

    def __init__(self, *, store: Store, model: Model, me: Author) -> None:
        self._store = store
        self._model = model
        self._me = me

    async def run(self, text: str, caller: Caller) -> CommandAnswer:
        """Carry out `text`, the words after `/assistant`."""
        try:
            return await self.invoke(parse(text, prefix=caller.prefix), caller)
        except UsageError as error:
            return CommandAnswer(str(error), ephemeral=True)

    def check(self, invocation: Invocation, caller: Caller) -> None:
        """Raise UsageError if a text argument cannot be read; nothing is done."""
        if invocation.values and (read := READERS.get(invocation.path)) is not None:
            read(self._call(invocation, caller))

    async def invoke(self, invocation: Invocation, caller: Caller) -> CommandAnswer:
        """Carry out a command that is already taken apart, as a platform's own form delivers it.

        Raises UsageError where a text argument cannot be read.
        """
        name = caller.typed(*invocation.path)
        if not caller.may(invocation.needs):
            like_that = " like that" if invocation.command.bare_shows else ""
            managers = invocation.needs.called(caller.workspace_called)
            return CommandAnswer(f"Only {managers} can use {name}{like_that}.", ephemeral=True)
        if invocation.command.tells_history and not caller.may_read_back:
            return CommandAnswer(NOT_SHOWN.format(name=name), ephemeral=True)
        try:
            return await HANDLERS[invocation.path](self._call(invocation, caller))
        except StoreError:
            logger.exception("%s failed in %s", name, caller.where)
            return CommandAnswer(STORE_FAILED, ephemeral=True)
        except (ModelError, TimeoutError):
            logger.exception("%s failed in %s", name, caller.where)
            return CommandAnswer(CANNOT_THINK, ephemeral=True)

    def _call(self, invocation: Invocation, caller: Caller) -> Call:
        return Call(invocation, caller, self._store, self._model, self._me)
