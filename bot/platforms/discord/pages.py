"""Messages read back from Discord: one that cannot be digested hides no other."""

import logging
from collections.abc import AsyncIterator

import aiohttp
import discord

from bot.errors import StoreError
from bot.messages import ConversationKey, Message
from bot.platforms.discord.hearing import Me, heard
from bot.platforms.discord.naming import Kept
from bot.platforms.discord.reading import unread

logger = logging.getLogger(__name__)


async def digested(history: AsyncIterator[discord.Message]) -> tuple[list[discord.Message], bool]:
    """Read on until the end, or until a message that the parser cannot digest; tells whether whole.

    Raises what discord.py raises where Discord refuses or cannot be reached.
    """
    read: list[discord.Message] = []
    try:
        async for message in history:
            read.append(message)
    except (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError):
        raise
    except Exception:  # a defect of the client: what it cannot read must not hide the rest
        logger.exception("a message of Discord's cannot be read")
        return read, False
    return read, True


async def heard_again(
    message: discord.Message, where: ConversationKey, *, me: Me, kept: Kept
) -> Message | None:
    """Give a message as `heard` does, and None where that fails. Raises StoreError."""
    try:
        return await heard(message, me=me, reader=unread, kept=kept, where=where)
    except StoreError:
        raise
    except Exception:  # a defect of ours
        logger.exception("Discord: message %d cannot be read", message.id)
        return None
