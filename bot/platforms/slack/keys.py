"""How Slack's places and times are named in the history.

A thread is a conversation of its own within its channel, named by the time stamp of the message it
hangs on. Direct messages are channels of their workspace. Pure.
"""

import re
from datetime import UTC, datetime, timedelta

from bot.messages import ConversationKey

PLATFORM = "slack"
TITLE = "Slack"  # as people know it
DIRECT = "D"  # begins the id of a direct chat between two
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TS = re.compile(r"\d{1,12}\.\d{6}")


def channel_key(team_id: str, channel_id: str, *, thread_ts: str | None = None) -> ConversationKey:
    """Name a conversation by Slack's ids."""
    return ConversationKey(PLATFORM, team_id, channel_id, thread_ts)


def is_direct(channel_id: str) -> bool:
    """Tell whether a channel is a direct chat with the assistant alone."""
    return channel_id.startswith(DIRECT)


def is_direct_chat(where: ConversationKey) -> bool:
    """Tell a direct chat on Slack from every other place, also of other platforms."""
    return where.platform == PLATFORM and is_direct(where.channel)


def is_ts(message_id: str | None) -> bool:
    """Tell a message that stands on Slack from a question that a command asked."""
    return message_id is not None and _TS.fullmatch(message_id) is not None


def sent_at(ts: str) -> datetime:
    """Give the time at which Slack took a message, to the microsecond; its id says it."""
    seconds, _, micros = ts.partition(".")
    return EPOCH + timedelta(seconds=int(seconds), microseconds=int(micros.ljust(6, "0")[:6]))


def ts_at(moment: datetime) -> str:
    """Give the time stamp that a message sent at this moment would have."""
    micros = (moment - EPOCH) // timedelta(microseconds=1)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
