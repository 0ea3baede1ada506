"""Messages read back from Discord, as far as discord.py digests them."""

import logging
from collections.abc import AsyncIterator

import aiohttp
import discord

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
