"""How Discord's places and times are named in the history.

A thread or a forum post is a conversation of its own within its parent channel. Direct messages
have no server, so they share a workspace of their own.
"""

from datetime import datetime

import discord

from bot.messages import ConversationKey

PLATFORM = "discord"
DIRECT = "@me"  # how Discord's own addresses name the place of direct messages

Place = discord.abc.Messageable | discord.abc.GuildChannel


def workspace_of(guild_id: int | None) -> str:
    """Name the workspace of a server, or of direct messages where there is none."""
    return DIRECT if guild_id is None else str(guild_id)


def conversation_of(channel: object) -> ConversationKey:
    """Name the conversation of a channel, a thread, or a place known only by its id.

    A thread that is known only by its id looks like a channel: `places` knows better. Raises
    ValueError for what nobody can talk in.
    """
    if isinstance(channel, discord.Thread):
        return channel_key(channel.guild.id, channel.parent_id, thread_id=channel.id)
    if isinstance(channel, discord.DMChannel | discord.GroupChannel):
        return channel_key(None, channel.id)
    if isinstance(channel, discord.PartialMessageable):
        return channel_key(channel.guild_id, channel.id)
    if isinstance(channel, discord.abc.GuildChannel):
        return channel_key(channel.guild.id, channel.id)
    raise ValueError(f"nobody can talk in a {type(channel).__name__}")


def is_elsewhere(channel: object) -> bool:
    """Tell whether a place is in a server that the client does not know: the bot is not there.

    With a message from there, Discord does not name the server's object; it is no direct message.
    """
    return (
        isinstance(channel, discord.PartialMessageable)
        and channel.guild is None
        and channel.guild_id is not None
    )


def channel_key(
    guild_id: int | None, channel_id: int, *, thread_id: int | None = None
) -> ConversationKey:
    """Name a conversation by Discord's ids."""
    thread = None if thread_id is None else str(thread_id)
    return ConversationKey(PLATFORM, workspace_of(guild_id), str(channel_id), thread)


def place_id(where: ConversationKey) -> int:
    """Give the id that Discord posts to: the thread's, or else the channel's."""
    return int(where.thread or where.channel)


def guild_id(where: ConversationKey) -> int | None:
    """Give the server's id, None for direct messages."""
    return None if where.workspace == DIRECT else int(where.workspace)


def shard_of(where: ConversationKey, *, num_shards: int) -> int:
    """Give the shard that hears a conversation: direct messages come over the first.

    From https://discord.com/developers/docs/events/gateway#sharding.
    """
    server = guild_id(where)
    return 0 if server is None else (server >> 22) % num_shards


def snowflake_before(moment: datetime) -> int:
    """Give an id smaller than that of any message sent at this moment or later."""
    return discord.utils.time_snowflake(moment, high=False) - 1
