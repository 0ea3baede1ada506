"""How Discord writes guilds, channels and people as JSON; each function gives a new object."""

from datetime import datetime

from tests.discord_server.permissions import in_channel
from tests.discord_server.world import (
    SPOKEN,
    Channel,
    ChannelType,
    Guild,
    Json,
    Member,
    Role,
    User,
)

FAR_FUTURE = "2100-01-01T00:00:00.000000+00:00"


def time_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="microseconds")


def user_json(user: User) -> Json:
    return {
        "id": user.id,
        "username": user.name,
        "discriminator": "0",
        "global_name": user.global_name,
        "avatar": None,
        "bot": user.bot,
        "system": False,
        "public_flags": 0,
    }


def member_json(member: Member) -> Json:
    """Give a member without the user, as messages carry it."""
    return {
        "nick": member.nick,
        "roles": [role.id for role in member.roles],
        "joined_at": time_json(member.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "avatar": None,
        "flags": 0,
        "communication_disabled_until": FAR_FUTURE if member.timed_out else None,
    }


def whole_member_json(member: Member) -> Json:
    return {**member_json(member), "user": user_json(member.user)}


def interacting_member_json(member: Member, guild: Guild, channel: Channel) -> Json:
    """Give a member as interactions carry it: with what they may do in the channel."""
    allowed = in_channel(member, guild, channel)
    return {**whole_member_json(member), "permissions": str(int(allowed))}


def role_json(role: Role, position: int) -> Json:
    return {
        "id": role.id,
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": role.mentionable,
        "flags": 0,
        "icon": None,
        "unicode_emoji": None,
    }


def roles_json(guild: Guild) -> list[Json]:
    return [role_json(role, position) for position, role in enumerate(guild.roles)]


def channel_json(channel: Channel) -> Json:
    if channel.is_dm:
        return _dm_json(channel)
    if channel.is_thread:
        return _thread_json(channel)
    return {
        **_place_json(channel),
        "position": 0,
        "topic": channel.topic,
        "nsfw": False,
        "permission_overwrites": [
            {
                "id": one.id,
                "type": int(one.is_member),
                "allow": str(int(one.allow)),
                "deny": str(int(one.deny)),
            }
            for one in channel.overwrites.values()
        ],
        **_kind_json(channel),
    }


def _kind_json(channel: Channel) -> Json:
    """Give what only channels of this type have."""
    if channel.type in SPOKEN:
        return {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
    if channel.type is ChannelType.FORUM:
        return {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return {}


def _place_json(channel: Channel) -> Json:
    newest = channel.newest_first
    return {
        "id": channel.id,
        "type": int(channel.type),
        "guild_id": channel.guild and channel.guild.id,
        "name": channel.name,
        "parent_id": channel.parent_id,
        "last_message_id": newest[0].id if newest else None,
        "rate_limit_per_user": 0,
        "flags": 0,
    }


def _thread_json(channel: Channel) -> Json:
    made_at = time_json(channel.made_at)
    return {
        **_place_json(channel),
        "owner_id": channel.owner_id,
        "message_count": len(channel.messages),
        "total_message_sent": len(channel.messages),
        "member_count": 1,
        "applied_tags": [],
        "thread_metadata": {
            "archived": channel.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": made_at,
            "create_timestamp": made_at,
            "locked": channel.locked,
            "invitable": True,
        },
    }


def _dm_json(channel: Channel) -> Json:
    assert channel.recipient is not None
    newest = channel.newest_first
    return {
        "id": channel.id,
        "type": int(channel.type),
        "last_message_id": newest[0].id if newest else None,
        "flags": 0,
        "recipients": [user_json(channel.recipient)],
    }


def guild_json(guild: Guild, member_ids: set[str]) -> Json:
    """Give a guild as GUILD_CREATE does, with only these members and the threads they see."""
    places = guild.channels.values()
    members = [one for one in guild.members.values() if one.user.id in member_ids]
    return {
        **guild_facts_json(guild),
        "joined_at": time_json(members[0].joined_at) if members else None,
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [whole_member_json(one) for one in members],
        "channels": [channel_json(one) for one in places if not one.is_thread],
        "threads": [channel_json(one) for one in guild.threads() if _seen(one, guild, members)],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _seen(channel: Channel, guild: Guild, members: list[Member]) -> bool:
    return all(in_channel(one, guild, channel) for one in members)


def guild_facts_json(guild: Guild) -> Json:
    """Give a guild as REST does."""
    return {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner_id,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "system_channel_id": guild.system_channel_id,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "vanity_url_code": None,
        "application_id": None,
        "max_members": 500000,
        "premium_progress_bar_enabled": False,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": roles_json(guild),
    }
