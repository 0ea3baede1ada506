"""What `earshot doctor` finds of a Discord server: what the bot may not do in which channel.

Names each permission as Discord's settings do, and says where to give it. On Discord itself,
channels that are hidden from the bot are not even listed (from
https://docs.discord.com/developers/resources/channel#obfuscated-channels).
"""

from collections.abc import Sequence

import discord

from bot.platforms.checking import Check
from bot.platforms.discord.invite import PERMISSIONS, Permission

MAX_NAMED = 5  # channels in one line
MAX_CHANNEL_LINES = 10  # of one server

OPTIONAL = tuple(permission for permission in PERMISSIONS if not permission.needed)

Spoken = discord.VoiceChannel | discord.StageChannel  # people write there, and start no threads
Channel = discord.TextChannel | discord.ForumChannel | Spoken


async def server_checks(client: discord.Client, guild_id: int, *, invite: str) -> list[Check]:
    """Fetch a server with its channels, and compare what the bot may do there with what it needs."""
    try:
        guild = await client.fetch_guild(guild_id, with_counts=False)
        me = await guild.fetch_member(_own_id(client))
        everything = await guild.fetch_channels()
    except (discord.InvalidData, discord.NotFound) as error:
        return [Check(f"the server {guild_id} could not be looked at ({type(error).__name__})")]
    channels = [channel for channel in everything if isinstance(channel, Channel)]
    return permission_checks(me, channels, invite=invite)


def permission_checks(
    me: discord.Member, channels: Sequence[Channel], *, invite: str
) -> list[Check]:
    """Compare what the bot may do in a server's channels with what it needs; pure."""
    seen = [channel for channel in channels if channel.permissions_for(me).view_channel]
    lacking = {channel: _lacking(channel, me) for channel in seen}
    of_server = {one for one in PERMISSIONS if not getattr(me.guild_permissions, one.flag)}
    faults = [] if seen else [_sees_nothing(me, invite=invite)]
    for permission in PERMISSIONS:
        places = [channel for channel in seen if permission in lacking[channel]]
        if places and permission in of_server:
            faults.append(_missing_in_server(me, permission, places, invite=invite))
    barred = {c: [one for one in lacking[c] if one not in of_server] for c in seen}
    lines = [
        _missing_in_channel(me, channel, barred[channel]) for channel in seen if barred[channel]
    ]
    if len(lines) > MAX_CHANNEL_LINES:
        lines = [*lines[:MAX_CHANNEL_LINES], _more_lacking(me, len(lines) - MAX_CHANNEL_LINES)]
    num_hidden = len(channels) - len(seen)
    return [*faults, *lines, _summary(me, seen, num_hidden=num_hidden, well=not (faults or lines))]


def _lacking(channel: Channel, me: discord.Member) -> list[Permission]:
    """List what is needed in the channel and not allowed there."""
    allowed = channel.permissions_for(me)
    return [
        one
        for one in PERMISSIONS
        if one.needed
        and not getattr(allowed, one.flag)
        and (one.in_forums or not isinstance(channel, discord.ForumChannel))
        and (one.flag != "send_messages_in_threads" or not isinstance(channel, Spoken))
    ]


def _sees_nothing(me: discord.Member, *, invite: str) -> Check:
    remedy = (
        f"Server Settings > Roles > {_role(me)}: switch on View Channels. Or open {invite} again."
    )
    return Check(f"{me.guild.name}: it sees no text channel", ok=False, remedy=remedy)


def _missing_in_server(
    me: discord.Member, permission: Permission, places: Sequence[Channel], *, invite: str
) -> Check:
    return Check(
        f"{me.guild.name}: it may not {permission.name} in {_named(places)}",
        ok=False,
        remedy=f"Server Settings > Roles > {_role(me)}: switch on {permission.name} "
        f"({permission.reason}). Or open {invite} again and choose this server.",
    )


def _missing_in_channel(
    me: discord.Member, channel: Channel, lacking: Sequence[Permission]
) -> Check:
    names = ", ".join(permission.name for permission in lacking)
    return Check(
        f"{me.guild.name}, #{channel.name}: it lacks {names}",
        ok=False,
        remedy=f"Edit Channel of #{channel.name} > Permissions > {_role(me)}: allow {names}.",
    )


def _summary(me: discord.Member, seen: Sequence[Channel], *, num_hidden: int, well: bool) -> Check:
    told = [f"it may do all it needs in {_named(seen)}" if well else f"it sees {_named(seen)}"]
    if num_hidden:
        told.append(f"it cannot see {_counted(num_hidden, 'channel')}: fine if that is wanted")
    told += [_without(me, seen, one) for one in OPTIONAL if _places_without(me, seen, one)]
    if me.guild_permissions.administrator:
        told.append("it has Administrator, which it does not need")
    return Check(f"{me.guild.name}: {'; '.join(told)}")


def _without(me: discord.Member, seen: Sequence[Channel], optional: Permission) -> str:
    """Say what is missing for want of a permission that may be left out."""
    places = _places_without(me, seen, optional)
    where = "" if len(places) == len(seen) else f" in {_named(places)}"
    return f"without {optional.name}{where}, which it would use {optional.reason}"


def _places_without(
    me: discord.Member, seen: Sequence[Channel], optional: Permission
) -> list[Channel]:
    """List the channels without a permission; who may not send there is told of that alone."""
    allowed = {channel: channel.permissions_for(me) for channel in seen}
    return [
        channel
        for channel in seen
        if not getattr(allowed[channel], optional.flag)
        and (allowed[channel].send_messages or optional.flag != "attach_files")
    ]


def _role(me: discord.Member) -> str:
    """Name the role that Discord made for the bot; its others are not managed by Discord."""
    own = [role.name for role in me.roles if role.managed]
    return own[0] if own else f"a role of {me.display_name}"


def _named(channels: Sequence[Channel]) -> str:
    names = [f"#{channel.name}" for channel in channels[:MAX_NAMED]]
    more = len(channels) - len(names)
    return ", ".join([*names, f"and {more} more"] if more else names) or "no channel"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _own_id(client: discord.Client) -> int:
    if client.user is None:
        raise LookupError("the client is not logged in")
    return client.user.id


def _more_lacking(me: discord.Member, number: int) -> Check:
    remedy = "Mend the channels above first, or the category that they are in."
    return Check(
        f"{me.guild.name}: {_counted(number, 'more channel')} like these", ok=False, remedy=remedy
    )
