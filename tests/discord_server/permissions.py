"""Who may do what where: Discord's permission bits and how overwrites change them."""

from enum import IntFlag

from tests.discord_server.world import SPOKEN, Channel, Guild, Member


class Permission(IntFlag):
    """The bits that this server knows."""

    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CONNECT = 1 << 20
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


NOTHING = Permission(0)
EVERYTHING = Permission(sum(Permission))
TALK = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
)
MEMBERS = TALK | Permission.USE_APPLICATION_COMMANDS | Permission.CONNECT
BOT = TALK | Permission.VIEW_AUDIT_LOG


def in_guild(member: Member, guild: Guild) -> Permission:
    """Give what the roles of a member allow, before any channel changes it."""
    if member.user.id == guild.owner_id:
        return EVERYTHING
    allowed = guild.everyone.permissions
    for role in member.roles:
        allowed |= role.permissions
    return EVERYTHING if allowed & Permission.ADMINISTRATOR else Permission(allowed)


def _what_is_left(member: Member, channel: Channel, allowed: Permission) -> Permission:
    """Take away what a time-out takes, and the chat of a voice channel one may not enter."""
    if member.timed_out:
        allowed &= Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
    if channel.type in SPOKEN and Permission.CONNECT not in allowed:
        allowed &= Permission.VIEW_CHANNEL
    return allowed if allowed & Permission.VIEW_CHANNEL else NOTHING


def in_channel(member: Member, guild: Guild, channel: Channel) -> Permission:
    """Give what a member may do in a channel; a thread goes by its parent."""
    allowed = in_guild(member, guild)
    if allowed == EVERYTHING:
        return allowed
    place = (
        guild.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
    )
    role_ids = {role.id for role in member.roles}
    for ids in ({guild.id}, role_ids, {member.user.id}):
        changes = [one for one in place.overwrites.values() if one.id in ids]
        for change in changes:
            allowed &= ~change.deny
        for change in changes:
            allowed |= change.allow
    return _what_is_left(member, place, Permission(allowed))
