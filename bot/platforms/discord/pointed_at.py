"""Messages whose menu people chose, as Discord hands them over with the command.

The question comes later, with a form that brings no message. Kept for that time alone, and only in
memory: where the bot may not read back, nothing else tells which message is meant.
"""

import logging
from collections import OrderedDict
from typing import cast

import discord

from bot.platforms.discord.acknowledging import AnyInteraction

logger = logging.getLogger(__name__)

MAX_KEPT = 200  # forms that are open at one time


class PointedAt:
    """The messages that were pointed at last."""

    def __init__(self) -> None:
        self._messages: OrderedDict[int, discord.Message] = OrderedDict()

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
        self._messages[message.id] = message
        while len(self._messages) > MAX_KEPT:
            self._messages.popitem(last=False)

    def find(self, message_id: int) -> discord.Message | None:
        """Give a message that was pointed at not long ago."""
        return self._messages.get(message_id)
