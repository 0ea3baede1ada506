"""Methods about the app itself, people, user groups, workspaces and reactions."""

from typing import TYPE_CHECKING

from tests.slack_server.calls import Call, Methods, channel_of
from tests.slack_server.paging import next_cursor, page
from tests.slack_server.refusals import Refused
from tests.slack_server.tokens import APP
from tests.slack_server.views import (
    find_user,
    group_json,
    message_json,
    reactions_json,
    team_json,
    user_json,
)
from tests.slack_server.world import Json, Message

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()


@methods.on("api.test", "error", token="")
def api_test(server: "SlackServer", call: Call) -> Json:
    if call.args.get("error"):
        raise Refused(call.args["error"])
    return {"args": call.given}


@methods.on("auth.test", token=None)
def auth_test(server: "SlackServer", call: Call) -> Json:
    assert call.token is not None
    if call.token.kind == APP:
        return {"app_name": server.app_name, "app_id": server.app_id}
    team = call.team
    return {
        "url": team.url,
        "team": team.name,
        "user": team.bot.name,
        "team_id": team.id,
        "user_id": team.bot.id,
        "bot_id": team.bot.bot_id,
        "is_enterprise_install": False,
    }


@methods.on("auth.revoke", "test:bool", token=None)
def revoke(server: "SlackServer", call: Call) -> Json:
    assert call.token is not None
    if not call.args.get("test"):
        call.token.revoked = True
    return {"revoked": not call.args.get("test")}


@methods.on("apps.connections.open", scope="connections:write", token=APP)
def open_connection(server: "SlackServer", call: Call) -> Json:
    return {"url": server.sockets.new_url()}


@methods.on("users.info", "user! include_locale:bool", scope="users:read")
def user_info(server: "SlackServer", call: Call) -> Json:
    user = server.world.users.get(call.args["user"])
    if user is None:
        raise Refused("user_not_found")
    if not _may_see(server, call, user.team_id, user.id):
        raise Refused("user_not_visible")
    locale = bool(call.args.get("include_locale"))
    return {"user": user_json(user, seen_from=call.team.id, locale=locale)}


def _may_see(server: "SlackServer", call: Call, team_id: str, user_id: str) -> bool:
    """Say whether somebody is of this workspace or in a channel that is shared with it."""
    if team_id == call.team.id:
        return True
    return any(
        user_id in one.members and call.team.id in (one.team_id, *one.shared_with)
        for one in server.world.channels.values()
    )


@methods.on("users.list", "cursor include_locale:bool limit:int team_id", scope="users:read")
def list_users(server: "SlackServer", call: Call) -> Json:
    shown, cursor = page(list(call.team.users.values()), call.args)
    members = [user_json(one, seen_from=call.team.id) for one in shown]
    return {"members": members, "cache_ts": server.stamps.seconds(), **next_cursor(cursor)}


@methods.on("bots.info", "bot! team_id", scope="users:read")
def bot_info(server: "SlackServer", call: Call) -> Json:
    bot = find_user(server.world, call.args["bot"])
    if bot is None or bot.bot_id != call.args["bot"]:
        raise Refused("bot_not_found")
    shown = {"id": bot.bot_id, "deleted": bot.deleted, "name": bot.real_name, "updated": 0}
    return {"bot": {**shown, "app_id": bot.app_id or "", "user_id": bot.id, "icons": {}}}


@methods.on("team.info", "team domain", scope="team:read")
def team_info(server: "SlackServer", call: Call) -> Json:
    team = server.world.teams.get(call.args.get("team") or call.team.id)
    if team is None:
        raise Refused("team_not_found")
    return {"team": team_json(team)}


@methods.on(
    "usergroups.list",
    "include_count:bool include_disabled:bool include_users:bool team_id",
    scope="usergroups:read",
)
def list_groups(server: "SlackServer", call: Call) -> Json:
    with_users = bool(call.args.get("include_users"))
    groups = call.team.groups.values()
    return {"usergroups": [group_json(one, with_users=with_users) for one in groups]}


@methods.on(
    "usergroups.users.list", "usergroup! include_disabled:bool team_id", scope="usergroups:read"
)
def users_of_group(server: "SlackServer", call: Call) -> Json:
    group = call.team.groups.get(call.args["usergroup"])
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": [one.id for one in group.users]}


REACTION = "channel! name! timestamp:ts!"


@methods.on("reactions.add", REACTION, scope="reactions:write")
def react(server: "SlackServer", call: Call) -> Json:
    message = _reacted_to(server, call)
    if call.bot in message.reactions.get(call.args["name"], []):
        raise Refused("already_reacted")
    server.acts.react(message, call.args["name"], call.bot)
    return {}


@methods.on("reactions.remove", REACTION, scope="reactions:write")
def unreact(server: "SlackServer", call: Call) -> Json:
    message = _reacted_to(server, call)
    if call.bot not in message.reactions.get(call.args["name"], []):
        raise Refused("no_reaction")
    server.acts.unreact(message, call.args["name"], call.bot)
    return {}


@methods.on("reactions.get", "channel! timestamp:ts! full:bool", scope="reactions:read")
def reactions(server: "SlackServer", call: Call) -> Json:
    message = _reacted_to(server, call)
    shown = {**message_json(message), "reactions": reactions_json(message)}
    return {"type": "message", "channel": message.channel.id, "message": shown}


def _reacted_to(server: "SlackServer", call: Call) -> Message:
    channel = channel_of(server, call)
    if call.bot.id not in channel.members:
        raise Refused("not_in_channel")
    message = channel.messages.get(call.args["timestamp"])
    if message is None:
        raise Refused("message_not_found")
    return message
