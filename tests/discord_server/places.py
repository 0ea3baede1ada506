"""Where the bot may do what it asks for, or why not: the checks that routes share."""

from typing import TYPE_CHECKING

from tests.discord_server import errors
from tests.discord_server.permissions import NOTHING, Permission, in_guild
from tests.discord_server.world import Channel, ChannelType, Guild, Message

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer


def channel_of(server: "DiscordServer", channel_id: str, needed: Permission = NOTHING) -> Channel:
    """Find a channel that the bot sees and where it has these permissions, or raise `Refused`."""
    channel = server.world.channel(channel_id)
    if channel is None:
        raise errors.unknown_channel()
    if channel.guild is not None:
        if not server.bot_may(Permission.VIEW_CHANNEL, channel):
            raise errors.missing_access()
        if not server.bot_may(needed, channel):
            raise errors.missing_permissions()
    return channel


def message_of(channel: Channel, message_id: str) -> Message:
    """Find a message that everybody in the channel sees, or raise `Refused`."""
    message = channel.messages.get(message_id)
    if message is None:
        raise errors.unknown_message()
    return message


def writable(server: "DiscordServer", channel_id: str) -> Channel:
    """Find a channel that the bot may write in, or raise `Refused`."""
    channel = channel_of(server, channel_id)
    if channel.recipient is not None and channel.recipient.id in server.closed_dms:
        raise errors.cannot_message_user()
    in_thread = channel.is_thread
    needed = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
    channel_of(server, channel_id, needed)
    if channel.type is ChannelType.FORUM:
        raise errors.no_text_channel()
    if channel.locked and not server.bot_may(Permission.MANAGE_THREADS, channel):
        # Locked takes away the permission; archived as well, it is an error of its own.
        raise errors.archived_thread() if channel.archived else errors.missing_permissions()
    return channel


def awake(channel: Channel) -> Channel:
    """Raise `Refused` if this is an archived thread, where nothing can be changed."""
    if channel.archived:
        raise errors.archived_thread()
    return channel


def guild_of(server: "DiscordServer", guild_id: str, needed: Permission = NOTHING) -> Guild:
    """Find a guild that the bot is in, or raise `Refused`."""
    guild = server.world.guilds.get(guild_id)
    if guild is None or not guild.bot_present:
        raise errors.unknown_guild() if guild is None else errors.missing_access()
    if needed not in in_guild(guild.members[server.bot.id], guild):
        raise errors.missing_permissions()
    return guild
