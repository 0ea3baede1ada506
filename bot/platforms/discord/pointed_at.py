"""Messages whose menu people chose, as Discord hands them over with the command.

The question comes later, with a form that brings no message. Given for that time alone, kept only in
memory, and not if it is deleted meanwhile: where the bot may not read back, nothing else tells which
message is meant. What is too old is forgotten as soon as the next one is pointed at.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import cast

import discord

from bot.platforms.discord.interacting import AnyInteraction

logger = logging.getLogger(__name__)

MAX_KEPT = 200  # forms that are open at one time
MAX_AGE_S = 15 * 60.0  # Discord takes a form as long as the command's token lives


class PointedAt:
    """The messages that were pointed at last. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noted: OrderedDict[int, tuple[discord.Message, float]] = OrderedDict()  # oldest first

    def note(self, interaction: AnyInteraction, message_id: str) -> None:
        """Keep the message that a command of a menu is about, if Discord tells of it."""
        data = cast("dict[str, dict[str, dict[str, object]]]", interaction.data or {})
        told = data.get("resolved", {}).get("messages", {}).get(message_id)
        if told is None or interaction.channel is None:
            return
        try:
            message = discord.Message(
                state=interaction._state,
                channel=interaction.channel,  # type: ignore[arg-type]
                data=told,  # type: ignore[arg-type]
            )
        except (KeyError, TypeError, ValueError):  # the question is asked without it
            logger.warning("message %s cannot be read as Discord tells of it", message_id)
            return
        self._forget_old()
        self._noted.pop(message.id, None)
        self._noted[message.id] = message, self._clock()
        if len(self._noted) > MAX_KEPT:
            self._noted.popitem(last=False)

    def find(self, message_id: int) -> discord.Message | None:
        """Give a message that was pointed at not long ago."""
        self._forget_old()
        message, _ = self._noted.get(message_id, (None, 0.0))
        return message

    def forget(self, message_ids: Iterable[int]) -> None:
        """Forget messages that were deleted."""
        for message_id in message_ids:
            self._noted.pop(message_id, None)

    def _forget_old(self) -> None:
        oldest = self._clock() - MAX_AGE_S
        while self._noted and next(iter(self._noted.values()))[1] < oldest:
            self._noted.popitem(last=False)
