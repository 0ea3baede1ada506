"""Channels and threads as the client knows them just now."""

import discord
from discord.abc import Messageable

from bot.messages import ConversationKey
from bot.platforms.discord.keys import DIRECT, guild_id, place_id


def channel_at(client: discord.Client, where: ConversationKey) -> Messageable:
    """Give a place with what Discord told of it, or else known by its id alone."""
    known = _known(client, where)
    if isinstance(known, Messageable):
        return known
    return client.get_partial_messageable(place_id(where), guild_id=guild_id(where))


def may_read(client: discord.Client, where: ConversationKey) -> bool | None:
    """Tell whether the bot may read what was said in a place; None where that is not known."""
    if where.workspace == DIRECT:
        return True
    channel = _known(client, where)
    if channel is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return None
    return channel.permissions_for(channel.guild.me).read_message_history


def _known(
    client: discord.Client, where: ConversationKey
) -> discord.abc.GuildChannel | discord.Thread | None:
    """Find a place among those of its server; `get_channel` would look through all servers."""
    guild = client.get_guild(guild_id(where) or 0)
    return None if guild is None else guild.get_channel_or_thread(place_id(where))
