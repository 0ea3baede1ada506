"""Makes messages of what the bot sends: what it pings, which files it carries, what it answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.discord_server import errors
from tests.discord_server.acts import mentioned_ids, mentioned_role_ids
from tests.discord_server.calls import Call, Upload
from tests.discord_server.forms import wrong
from tests.discord_server.permissions import Permission
from tests.discord_server.world import (
    Attachment,
    Channel,
    Json,
    Message,
    MessageType,
    Role,
    User,
)

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

REPLYABLE = {
    MessageType.DEFAULT,
    MessageType.REPLY,
    MessageType.COMMAND,
    MessageType.THREAD_STARTER,
    MessageType.MENU_COMMAND,
    MessageType.JOINED,
}


@dataclass(frozen=True)
class Pings:
    users: list[User]
    roles: list[Role]
    everyone: bool


def new_message(
    server: "DiscordServer", channel: Channel, body: Json, files: list[Upload]
) -> Message:
    """Make a message of the bot's words; raise `Refused` if there is nothing in it."""
    message = Message(
        id=server.ids.next(),
        channel=channel,
        author=server.bot,
        content=(body.get("content") or "").strip(),
        sent_at=server.clock.now(),
        attachments=attachments(server, files),
        embeds=body.get("embeds") or [],
        components=body.get("components") or [],
        flags=body.get("flags") or 0,
        nonce=body.get("nonce"),
        body=body,
    )
    insist_on_words(message, body)
    return message


def insist_on_words(message: Message, body: Json) -> None:
    """Raise `Refused` for a message that shows nothing."""
    shown = (message.content, message.attachments, message.embeds, body.get("sticker_ids"))
    if not any(shown):
        raise errors.empty_message()


def attachments(server: "DiscordServer", files: list[Upload]) -> list[Attachment]:
    """Keep the files that came with a message."""
    return [server.keep_file(file.filename, file.content) for file in files]


def insist_on_rights(server: "DiscordServer", channel: Channel, call: Call) -> None:
    """Raise `Refused` if the bot may not send files or embeds here."""
    if channel.guild is None:
        return
    if call.files and not server.bot_may(Permission.ATTACH_FILES, channel):
        raise errors.missing_permissions()
    if call.fields.get("embeds") and not server.bot_may(Permission.EMBED_LINKS, channel):
        raise errors.missing_permissions()


def set_reference(server: "DiscordServer", message: Message, body: Json) -> None:
    """Make a message the reply it wants to be, or raise `Refused`."""
    wanted = body.get("message_reference")
    if wanted is None:
        return
    channel = message.channel
    if channel.guild and not server.bot_may(Permission.READ_MESSAGE_HISTORY, channel):
        raise errors.no_history_to_reply()
    if str(wanted.get("channel_id", channel.id)) != channel.id:
        raise _bad_reference("REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", "Cannot reply there")
    found = channel.messages.get(str(wanted["message_id"]))
    if found is None:
        if wanted.get("fail_if_not_exists", True):
            raise _bad_reference("REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return
    if found.type not in REPLYABLE:
        code = "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"
        raise _bad_reference(code, "Cannot reply to a system message")
    message.type = MessageType.REPLY
    message.replies_to, message.referenced = reference_to(found), found


def reference_to(message: Message) -> Json:
    """Give what a reply to this message carries."""
    guild = message.channel.guild
    reference = {"type": 0, "message_id": message.id, "channel_id": message.channel.id}
    return {**reference, **({"guild_id": guild.id} if guild else {})}


def _bad_reference(code: str, message: str) -> errors.Refused:
    return errors.invalid_form({"message_reference": wrong(code, message)})


def set_pings(server: "DiscordServer", message: Message, body: Json) -> None:
    """Find out whom a message of the bot pings, by its allowed_mentions."""
    pings = _pings(server, message, body.get("allowed_mentions"))
    message.pings, message.role_pings = pings.users, pings.roles
    message.pings_everyone = pings.everyone


def _pings(server: "DiscordServer", message: Message, allowed: Json | None) -> Pings:
    kinds = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse", []))
    ids = {kind: set(map(str, (allowed or {}).get(kind, []))) for kind in ("users", "roles")}
    users = [
        server.world.users[one]
        for one in mentioned_ids(message.content)
        if one in server.world.users and ("users" in kinds or one in ids["users"])
    ]
    replied = _replied_author(message)
    if replied is not None and (allowed is None or allowed.get("replied_user", False)):
        users = list(dict.fromkeys([*users, replied]))
    known = server.world.roles(message.channel.guild)
    roles = [
        known[one]
        for one in mentioned_role_ids(message.content)
        if one in known and ("roles" in kinds or one in ids["roles"])
    ]
    shouts = "@everyone" in message.content or "@here" in message.content
    may_shout = server.bot_may(Permission.MENTION_EVERYONE, message.channel)
    return Pings(users, roles, everyone=shouts and "everyone" in kinds and may_shout)


def _replied_author(message: Message) -> User | None:
    return None if message.referenced is None else message.referenced.author
