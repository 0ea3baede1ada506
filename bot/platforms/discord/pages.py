"""Messages read back from Discord: one that cannot be heard hides no other."""

import logging

import discord

from bot.errors import StoreError
from bot.messages import ConversationKey, Message
from bot.platforms.discord.hearing import Me, heard
from bot.platforms.discord.naming import Kept
from bot.platforms.discord.reading import unread

logger = logging.getLogger(__name__)


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
