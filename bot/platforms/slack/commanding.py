"""Carries out what people type after `/assistant`, whichever way it came.

What is acknowledged ends with an answer: a failure is told in a fixed sentence.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.commands import PREFIX, CommandAnswer, Commands, Invocation, UsageError
from bot.platforms.slack.answering import Answering, Listener
from bot.platforms.slack.asking import Asking, nothing
from bot.platforms.slack.managing import Managing

logger = logging.getLogger(__name__)

FAILED = "That didn't work. Whoever runs me finds the cause in the log."


@dataclass(frozen=True, slots=True)
class Commanding:
    """Runs commands as whoever gave them, with their rights at this moment."""

    commands: Commands
    managing: Managing
    asking: Asking
    answering: Answering

    async def run(
        self,
        listener: Listener,
        called: Invocation,
        *,
        name: str,
        about: str | None = None,
        heard: Callable[[], None] = nothing,
    ) -> None:
        """Carry a command out and say what comes of it; the names are those of `Asking`."""
        try:
            caller = await self.managing.caller(
                listener.team, listener.where, listener.user_id, by_mention=listener.by_mention
            )
            answer = await self.commands.invoke(called, caller)
            if answer.ask is not None:
                await self.asking.ask(
                    listener, caller, answer.ask, name=name, about=about, heard=heard
                )
                return
        except UsageError as error:
            answer = CommandAnswer(str(error), ephemeral=True)
        except Exception:  # it is acknowledged: somebody waits for a word
            logger.exception("%s %s failed", PREFIX, " ".join(called.path))
            answer = CommandAnswer(FAILED, ephemeral=True)
        await self.answering.say(listener, answer)
