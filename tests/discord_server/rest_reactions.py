"""Routes of reactions."""

from typing import TYPE_CHECKING

from tests.discord_server import errors
from tests.discord_server.calls import Call, Routes
from tests.discord_server.permissions import Permission
from tests.discord_server.places import awake, channel_of, message_of
from tests.discord_server.views import user_json
from tests.discord_server.world import Json, Message

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

routes = Routes()
ALL = "/channels/{channel}/messages/{message}/reactions"
MINE = ALL + "/{emoji}/@me"


def _target(server: "DiscordServer", call: Call, needed: Permission) -> tuple[Message, str]:
    """Find the message and the emoji that a route names, or raise `Refused`."""
    channel = channel_of(server, call.ids["channel"], Permission.READ_MESSAGE_HISTORY | needed)
    message = message_of(awake(channel), call.ids["message"])
    emoji = call.ids.get("emoji", "")
    name, _, emoji_id = emoji.partition(":")
    if emoji and (name.isascii() if not emoji_id else not emoji_id.isdigit()):
        raise errors.unknown_emoji()
    return message, emoji


@routes.on("PUT", MINE)
def _react(server: "DiscordServer", call: Call) -> None:
    message, emoji = _target(server, call, Permission(0))
    if emoji not in message.reactions:  # to join in needs no permission
        _target(server, call, Permission.ADD_REACTIONS)
    server.acts.react(message, emoji, server.bot)


@routes.on("DELETE", MINE)
def _unreact(server: "DiscordServer", call: Call) -> None:
    message, emoji = _target(server, call, Permission(0))
    server.acts.unreact(message, emoji, server.bot)


@routes.on("DELETE", ALL + "/{emoji}/{user}")
def _unreact_for(server: "DiscordServer", call: Call) -> None:
    message, emoji = _target(server, call, Permission.MANAGE_MESSAGES)
    user = server.world.users.get(call.ids["user"])
    if user is None:
        raise errors.unknown_user()
    server.acts.unreact(message, emoji, user)


@routes.on("GET", ALL + "/{emoji}")
def _who_reacted(server: "DiscordServer", call: Call) -> list[Json]:
    message, emoji = _target(server, call, Permission(0))
    return [user_json(user) for user in message.reactions.get(emoji, [])]


@routes.on("DELETE", ALL + "/{emoji}")
def _clear_emoji(server: "DiscordServer", call: Call) -> None:
    message, emoji = _target(server, call, Permission.MANAGE_MESSAGES)
    server.acts.clear_reactions(message, emoji)


@routes.on("DELETE", ALL)
def _clear(server: "DiscordServer", call: Call) -> None:
    message, _ = _target(server, call, Permission.MANAGE_MESSAGES)
    server.acts.clear_reactions(message)
