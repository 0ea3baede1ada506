"""Routes of the application itself: who it is, its gateway, its commands."""

from typing import TYPE_CHECKING

from tests.discord_server import errors
from tests.discord_server.calls import Call, Routes
from tests.discord_server.command_checks import CHAT_INPUT, COMMANDS, ENTRY_POINT
from tests.discord_server.forms import insist
from tests.discord_server.intents import application_flags
from tests.discord_server.places import guild_of
from tests.discord_server.views import user_json
from tests.discord_server.world import Json

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

routes = Routes()
GLOBALLY = ""


@routes.on("GET", "/users/@me")
def _me(server: "DiscordServer", call: Call) -> Json:
    own = {"verified": True, "mfa_enabled": False, "locale": "en-US", "email": None}
    return {**user_json(server.bot), **own, "flags": 0, "banner": None, "accent_color": None}


@routes.on("GET", "/users/{user}")
def _user(server: "DiscordServer", call: Call) -> Json:
    user = server.world.users.get(call.ids["user"])
    if user is None:
        raise errors.unknown_user()
    return user_json(user)


@routes.on("GET", "/oauth2/applications/@me")
@routes.on("GET", "/applications/@me")
def _application(server: "DiscordServer", call: Call) -> Json:
    return {
        "id": server.application_id,
        "name": server.bot.global_name or server.bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": server.bot_public,
        "bot_require_code_grant": False,
        "verify_key": "00",
        "flags": application_flags(server.gateway.granted),
        "owner": user_json(server.owner),
        "team": None,
        "rpc_origins": [],
        "bot": user_json(server.bot),
        "approximate_guild_count": len(server.guilds_of_bot()),
        "interactions_endpoint_url": server.interactions_endpoint_url,
        "integration_types_config": {"0": {}},
    }


@routes.on("GET", "/gateway/bot")
def _gateway(server: "DiscordServer", call: Call) -> Json:
    limit = {"total": 1000, "reset_after": 0, "max_concurrency": 1}
    remaining = {"remaining": server.session_starts_left}
    return {
        "url": server.gateway_url if server.named_gateway is None else server.named_gateway,
        "shards": server.num_shards,
        "session_start_limit": {**limit, **remaining},
    }


@routes.on("GET", "/applications/{application}/commands")
def _global_commands(server: "DiscordServer", call: Call) -> list[Json]:
    return _commands(server, call, GLOBALLY)


@routes.on("GET", "/applications/{application}/guilds/{guild}/commands")
def _guild_commands(server: "DiscordServer", call: Call) -> list[Json]:
    return _commands(server, call, guild_of(server, call.ids["guild"]).id)


@routes.on("PUT", "/applications/{application}/commands")
def _put_global(server: "DiscordServer", call: Call) -> list[Json]:
    return _put(server, call, GLOBALLY)


@routes.on("PUT", "/applications/{application}/guilds/{guild}/commands")
def _put_in_guild(server: "DiscordServer", call: Call) -> list[Json]:
    return _put(server, call, guild_of(server, call.ids["guild"]).id)


def _commands(server: "DiscordServer", call: Call, scope: str) -> list[Json]:
    """Give the commands, with their translations only if these are asked for."""
    if call.ids["application"] != server.application_id:
        raise errors.Refused(404, 10002, "Unknown Application")
    commands = server.commands.get(scope, [])
    if call.query.get("with_localizations") in ("1", "true"):
        return commands
    return [_without_translations(one) for one in commands]


def _without_translations(part: Json) -> Json:
    kept = {name: value for name, value in part.items() if not name.endswith("_localizations")}
    for inner in ("options", "choices"):
        if kept.get(inner):
            kept[inner] = [_without_translations(one) for one in kept[inner]]
    return kept


def _put(server: "DiscordServer", call: Call, scope: str) -> list[Json]:
    """Replace all commands; one that keeps its name keeps its id."""
    old = {_identity(one): one["id"] for one in _commands(server, call, scope)}
    insist(call.body, COMMANDS)
    kept = {one["id"] for one in _commands(server, call, scope) if one["type"] == ENTRY_POINT}
    if not kept.issubset(one.get("id") for one in call.body):
        raise errors.Refused(400, 50240, "You cannot remove this app's Entry Point command")
    server.commands[scope] = [
        _registered(server, one, old.get(_identity(one)), scope) for one in call.body
    ]
    return server.commands[scope]


def _identity(command: Json) -> tuple[int, str]:
    return command.get("type", CHAT_INPUT), command["name"]


def _registered(server: "DiscordServer", command: Json, old_id: str | None, scope: str) -> Json:
    default: Json = {
        "type": CHAT_INPUT,
        "description": "",
        "default_member_permissions": None,
        "name_localizations": None,
        "description_localizations": None,
        "nsfw": False,
        "integration_types": [0],
    }
    if not scope:
        default["contexts"] = None
    known = {"id": old_id or server.ids.next(), "application_id": server.application_id}
    where = {"guild_id": scope} if scope else {}
    return {**default, **command, **known, **where, "version": server.ids.next()}
