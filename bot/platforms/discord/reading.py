"""The first words of a text file that somebody attached on Discord.

What cannot be read is not read; nothing here raises.
"""

import logging
from collections.abc import Awaitable, Callable

import discord

from bot.platforms.text_files import UNREADABLE, first_words, is_text_file

logger = logging.getLogger(__name__)

Reader = Callable[[discord.Attachment], Awaitable[str | None]]
"""Gives the first words of an attachment, None if it cannot be read. Never raises."""


async def unread(_attachment: discord.Attachment) -> str | None:
    """Read nothing: for messages that were missed, whose files need not be fetched."""
    return None


async def read_text(attachment: discord.Attachment) -> str | None:
    """Fetch the first words of a text file."""
    if not is_text(attachment) or attachment.size == 0:
        return None
    try:
        return await first_words(attachment.url, num_bytes=attachment.size)
    except UNREADABLE as error:
        logger.info("attachment %d is not read: %s", attachment.id, type(error).__name__)
        return None


def is_text(attachment: discord.Attachment) -> bool:
    """Tell whether an attachment is a text file, by its type or else by its name."""
    return is_text_file(attachment.filename, attachment.content_type or "")
