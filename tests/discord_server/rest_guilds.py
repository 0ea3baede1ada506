"""Routes of guilds, channels, threads and members."""

from typing import TYPE_CHECKING

from tests.discord_server import errors
from tests.discord_server.calls import Call, Routes
from tests.discord_server.forms import fields, insist, one_of, snowflake
from tests.discord_server.permissions import Permission, in_guild
from tests.discord_server.places import awake, channel_of, guild_of, writable
from tests.discord_server.views import (
    channel_json,
    guild_facts_json,
    roles_json,
    user_json,
    whole_member_json,
)
from tests.discord_server.world import Channel, Json

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

routes = Routes()
MAX_ENTRIES = 100


@routes.on("GET", "/users/@me/guilds")
def _my_guilds(server: "DiscordServer", call: Call) -> list[Json]:
    after = int(call.query.get("after", "0"))
    guilds = [one for one in server.guilds_of_bot() if int(one.id) > after]
    shown = []
    for guild in guilds[: int(call.query.get("limit", "200"))]:
        allowed = in_guild(guild.members[server.bot.id], guild)
        facts = {"id": guild.id, "name": guild.name, "icon": None, "banner": None}
        owned = {"owner": guild.owner_id == server.bot.id, "permissions": str(int(allowed))}
        shown.append({**facts, **owned, "features": []})
    return shown


@routes.on("DELETE", "/users/@me/guilds/{guild}")
def _leave(server: "DiscordServer", call: Call) -> None:
    server.acts.leave_guild(guild_of(server, call.ids["guild"]))


@routes.on("GET", "/guilds/{guild}")
def _guild(server: "DiscordServer", call: Call) -> Json:
    guild = guild_of(server, call.ids["guild"])
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    counted = call.query.get("with_counts") in ("1", "true")
    return {**guild_facts_json(guild), **(counts if counted else {})}


@routes.on("GET", "/guilds/{guild}/channels")
def _channels(server: "DiscordServer", call: Call) -> list[Json]:
    places = guild_of(server, call.ids["guild"]).channels.values()
    return [channel_json(one) for one in places if not one.is_thread]


@routes.on("GET", "/guilds/{guild}/roles")
def _roles(server: "DiscordServer", call: Call) -> list[Json]:
    return roles_json(guild_of(server, call.ids["guild"]))


@routes.on("GET", "/guilds/{guild}/members/{user}")
def _member(server: "DiscordServer", call: Call) -> Json:
    member = guild_of(server, call.ids["guild"]).members.get(call.ids["user"])
    if member is None:
        raise errors.unknown_member()
    return whole_member_json(member)


@routes.on("GET", "/guilds/{guild}/threads/active")
def _active_threads(server: "DiscordServer", call: Call) -> Json:
    return _threads(server, list(guild_of(server, call.ids["guild"]).threads()))


@routes.on("GET", "/channels/{channel}/threads/archived/public")
def _archived_threads(server: "DiscordServer", call: Call) -> Json:
    channel = channel_of(server, call.ids["channel"], Permission.READ_MESSAGE_HISTORY)
    assert channel.guild is not None
    places = channel.guild.channels.values()
    archived = [one for one in places if one.parent_id == channel.id and one.archived]
    return {**_threads(server, archived), "has_more": False}


def _threads(server: "DiscordServer", threads: list[Channel]) -> Json:
    seen = [one for one in threads if server.bot_may(Permission.VIEW_CHANNEL, one)]
    return {"threads": [channel_json(one) for one in seen], "members": []}


@routes.on("GET", "/guilds/{guild}/audit-logs")
def _audit_log(server: "DiscordServer", call: Call) -> Json:
    guild = guild_of(server, call.ids["guild"], Permission.VIEW_AUDIT_LOG)
    wanted = guild.audit_log
    for name in ("user_id", "action_type"):
        if name in call.query:
            wanted = [one for one in wanted if str(one[name]) == call.query[name]]
    before = int(call.query.get("before", str(2**64)))
    wanted = [one for one in wanted if int(one["id"]) < before]
    entries = wanted[: int(call.query.get("limit", "50"))]
    ids = {entry[name] for entry in entries for name in ("user_id", "target_id")}
    users = [user_json(server.world.users[one]) for one in sorted(ids & set(server.world.users))]
    empty: list[Json] = []
    return {
        "audit_log_entries": entries,
        "users": users,
        "application_commands": empty,
        "auto_moderation_rules": empty,
        "guild_scheduled_events": empty,
        "integrations": empty,
        "threads": empty,
        "webhooks": empty,
    }


@routes.on("GET", "/channels/{channel}")
def _channel(server: "DiscordServer", call: Call) -> Json:
    return channel_json(channel_of(server, call.ids["channel"]))


@routes.on("PATCH", "/channels/{channel}")
def _open_thread(server: "DiscordServer", call: Call) -> Json:
    """Bring a thread back from the archive: all that may be changed by whoever may write there."""
    channel = channel_of(server, call.ids["channel"])
    insist(call.body, fields({"archived": one_of(False)}, required=("archived",)))
    if not channel.is_thread:
        raise errors.wrong_channel_type()
    if channel.locked:
        channel_of(server, channel.id, Permission.MANAGE_THREADS)
    server.acts.archive(writable(server, channel.id), archived=False)
    return channel_json(channel)


@routes.on("PUT", "/channels/{channel}/thread-members/@me")
def _join_thread(server: "DiscordServer", call: Call) -> None:
    if not awake(channel_of(server, call.ids["channel"])).is_thread:
        raise errors.wrong_channel_type()


@routes.on("POST", "/users/@me/channels")
def _open_dm(server: "DiscordServer", call: Call) -> Json:
    insist(call.body, fields({"recipient_id": snowflake}, required=("recipient_id",)))
    user = server.world.users.get(str(call.fields["recipient_id"]))
    if user is None or user.bot:
        raise errors.unknown_user() if user is None else errors.cannot_message_user()
    return channel_json(server.dm_with(user))
