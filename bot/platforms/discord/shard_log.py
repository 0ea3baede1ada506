"""What discord.py logs of its shards, in one line each and in our words: not a traceback a try."""

import logging

from bot.platforms.discord.refusals import cause

logger = logging.getLogger(__name__)

NAME = "discord.shard"


class InOneLine(logging.Filter):
    """Keeps back the lines that come with a traceback each time a shard tries to connect.

    https://github.com/Rapptz/discord.py/blob/v2.7.1/discord/shard.py#L485 and #L166.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line may stand as it is."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        if record.msg.startswith("Failed to connect for shard_id"):
            logger.warning(
                "Discord's gateway cannot be reached: %s; trying again in 5 s", cause(error)
            )
            return False
        if record.msg.startswith("Attempting a reconnect for shard"):
            shard_id, wait_s = record.args if isinstance(record.args, tuple) else (0, 0.0)
            logger.warning(
                "Discord: shard %s lost its connection: %s; trying again in %.1f s",
                shard_id,
                cause(error),
                wait_s,
            )
            return False
        return True


IN_ONE_LINE = InOneLine()
