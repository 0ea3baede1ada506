"""Which events a session asked for, and which of the intents need to be granted."""

from enum import IntFlag


class Intent(IntFlag):
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_REACTIONS = 1 << 10
    GUILD_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    DIRECT_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
# Of these an application has either the full or, below 100 guilds, the limited one.
LIMITED_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
ALWAYS = Intent(0)
# What an event needs in a guild, and what in a DM. Discord's table "List of Intents".
_GUILD_EVENTS = {
    "GUILD_": Intent.GUILDS,
    "CHANNEL_": Intent.GUILDS,
    "THREAD_": Intent.GUILDS,
    "MESSAGE_REACTION_": Intent.GUILD_REACTIONS,
    "MESSAGE_": Intent.GUILD_MESSAGES,
    "TYPING_": Intent.GUILD_TYPING,
}
_DM_EVENTS = {
    "MESSAGE_REACTION_": Intent.DIRECT_REACTIONS,
    "MESSAGE_": Intent.DIRECT_MESSAGES,
    "TYPING_": Intent.DIRECT_TYPING,
}
_PARTICULAR = {
    "GUILD_AUDIT_LOG_ENTRY_CREATE": Intent.GUILD_MODERATION,
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
}


def needed(event: str, *, in_dm: bool) -> Intent:
    """Give the intent without which this event is not sent."""
    if event in _PARTICULAR:
        return _PARTICULAR[event]
    table = _DM_EVENTS if in_dm else _GUILD_EVENTS
    return next((intent for start, intent in table.items() if event.startswith(start)), ALWAYS)


def application_flags(granted: Intent) -> int:
    """Give the flags of an application that was granted these intents in the portal."""
    return sum(flag for intent, flag in LIMITED_FLAGS.items() if intent in granted)
