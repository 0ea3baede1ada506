"""Seals what workspaces granted before it is stored: the tokens in it are encrypted. Pure but for its log."""

import copy
import logging
from typing import TypeVar

from slack_sdk.oauth.installation_store import Bot, Installation

from bot.platforms.slack.encrypting import Encryption

logger = logging.getLogger(__name__)

Record = TypeVar("Record", Bot, Installation)

_OF_A_BOT = ("bot_token", "bot_refresh_token")
_OF_AN_INSTALLATION = (*_OF_A_BOT, "user_token", "user_refresh_token", "incoming_webhook_url")


def sealed(record: Record, encryption: Encryption) -> Record:
    """Give a copy with no token that can be read."""
    copied = copy.copy(record)
    # Whole seconds come back from the database as they were: a renewed token replaces the old.
    copied.installed_at = float(int(record.installed_at))
    for name in _tokens_of(record):
        token = getattr(record, name)
        setattr(copied, name, token and encryption.encrypted(token))
    return copied


def unsealed(bot: Bot, encryption: Encryption) -> Bot | None:
    """Make the tokens of a bot readable; None, and a line in the log, where no key reads them."""
    for name in _OF_A_BOT:
        stored = getattr(bot, name)
        token = stored and encryption.decrypted(stored)
        if stored and token is None:
            logger.error(
                "Slack: no key in EARSHOT_SLACK_ENCRYPTION_KEY reads the token of %s: add the "
                "key that it was stored with, or install the app there again",
                bot.team_id or bot.enterprise_id,
            )
            return None
        setattr(bot, name, token)
    return bot


def _tokens_of(record: Bot | Installation) -> tuple[str, ...]:
    return _OF_A_BOT if isinstance(record, Bot) else _OF_AN_INSTALLATION
