"""Routes of messages: post, read, edit, delete, and the sign that somebody types."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.discord_server import errors
from tests.discord_server.calls import Call, Routes, Upload
from tests.discord_server.drafts import (
    attachments,
    insist_on_rights,
    insist_on_words,
    new_message,
    set_pings,
    set_reference,
)
from tests.discord_server.forms import array, fields, insist, snowflake, wrong
from tests.discord_server.message_checks import EDITED_MESSAGE, NEW_MESSAGE
from tests.discord_server.permissions import Permission
from tests.discord_server.places import awake, channel_of, message_of, writable
from tests.discord_server.world import Channel, ChannelType, Flags, Json, Message

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

routes = Routes()
NONCE_LIFETIME_S = 300.0  # "the past few minutes", says Discord of enforce_nonce
MAX_AGE_TO_BULK_DELETE = timedelta(days=14)
MIN_BULK, MAX_BULK = 2, 100
TEXT_CHANNELS = set(ChannelType) - {ChannelType.FORUM}


@routes.on("POST", "/channels/{channel}/messages")
def _post(server: "DiscordServer", call: Call) -> Json:
    channel = writable(server, call.ids["channel"])
    insist(call.body, NEW_MESSAGE)
    insist_on_rights(server, channel, call)
    posted = _posted_before(server, call.fields)
    if posted is not None:
        return _with_nonce(server, posted)
    message = new_message(server, channel, call.fields, call.files)
    set_reference(server, message, call.fields)
    set_pings(server, message, call.fields)
    if call.fields.get("enforce_nonce") and message.nonce is not None:
        server.nonces[message.nonce] = (server.clock.elapsed_s, message)
    server.acts.post(message)
    return _with_nonce(server, message)


def _with_nonce(server: "DiscordServer", message: Message) -> Json:
    """Give a message to the one who posted it: only there is its nonce."""
    named = {} if message.nonce is None else {"nonce": message.nonce}
    return {**server.shown(message), **named}


def _posted_before(server: "DiscordServer", body: Json) -> Message | None:
    """Find the message that the same nonce posted a short while ago."""
    if not body.get("enforce_nonce"):
        return None
    posted_s, message = server.nonces.get(body.get("nonce") or "", (0.0, None))
    return message if server.clock.elapsed_s - posted_s < NONCE_LIFETIME_S else None


@routes.on("GET", "/channels/{channel}/messages")
def _read(server: "DiscordServer", call: Call) -> list[Json]:
    channel = channel_of(server, call.ids["channel"])
    if channel.type not in TEXT_CHANNELS:
        raise errors.no_text_channel()
    if not server.bot_may(Permission.READ_MESSAGE_HISTORY, channel):
        return []
    return [server.shown(one) for one in _page(channel.newest_first, call.query)]


def _page(newest_first: list[Message], query: Mapping[str, str]) -> list[Message]:
    limit = _number(query, "limit", 50)
    if not 1 <= limit <= 100:
        message = "int value should be between 1 and 100."
        raise errors.invalid_form({"limit": wrong("NUMBER_TYPE_RANGE", message)})
    before = [one for one in newest_first if int(one.id) < _number(query, "before", 2**64)]
    if "before" in query:
        return before[:limit]
    if "after" in query:
        after = [one for one in newest_first if int(one.id) > _number(query, "after", 0)]
        return after[-limit:]
    if "around" in query:
        return _around(newest_first, _number(query, "around", 0), limit)
    return newest_first[:limit]


def _around(newest_first: list[Message], middle: int, limit: int) -> list[Message]:
    older = [one for one in newest_first if int(one.id) <= middle]
    newer = [one for one in newest_first if int(one.id) > middle]
    num_newer = limit // 2
    return newer[-num_newer:] + older[: limit - num_newer] if num_newer else older[:limit]


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        message = f'Value "{value}" is not snowflake.'
        raise errors.invalid_form({name: wrong("NUMBER_TYPE_COERCE", message)})
    return int(value)


@routes.on("GET", "/channels/{channel}/messages/{message}")
def _read_one(server: "DiscordServer", call: Call) -> Json:
    channel = channel_of(server, call.ids["channel"], Permission.READ_MESSAGE_HISTORY)
    return server.shown(message_of(channel, call.ids["message"]))


@routes.on("PATCH", "/channels/{channel}/messages/{message}")
def _edit(server: "DiscordServer", call: Call) -> Json:
    channel = channel_of(server, call.ids["channel"])
    message = message_of(channel, call.ids["message"])
    if message.author is not server.bot:
        raise errors.others_message()
    awake(channel)
    insist(call.body, EDITED_MESSAGE)
    insist_on_rights(server, channel, call)
    change(server, message, call.fields, call.files)
    server.acts.tell_message("MESSAGE_UPDATE", message)
    return server.shown(message)


def change(server: "DiscordServer", message: Message, body: Json, files: list[Upload]) -> None:
    """Give a message what the body names and leave the rest; raise `Refused` if nothing is left."""
    before = (message.content, message.embeds, message.components, message.attachments)
    if "attachments" in body or files:
        kept = {str(one["id"]) for one in body.get("attachments") or []}
        stays = [one for one in message.attachments if one.id in kept]
        message.attachments = stays + attachments(server, files)
    message.embeds = (body.get("embeds") or []) if "embeds" in body else message.embeds
    if "components" in body:
        message.components = body["components"] or []
    if "flags" in body:  # of an edit, nothing but this one
        wanted = (body["flags"] or 0) & Flags.SUPPRESS_EMBEDS
        message.flags = message.flags & ~Flags.SUPPRESS_EMBEDS | wanted
    if "content" in body:
        message.content = (body["content"] or "").strip()
    try:
        insist_on_words(message, body)
    except errors.Refused:
        message.content, message.embeds, message.components, message.attachments = before
        raise
    message.rewrite(message.content, server.clock.now())
    if "content" in body:
        set_pings(server, message, body)


@routes.on("DELETE", "/channels/{channel}/messages/{message}")
def _delete(server: "DiscordServer", call: Call) -> None:
    channel = channel_of(server, call.ids["channel"])
    message = message_of(channel, call.ids["message"])
    if message.author is not server.bot:
        if channel.guild is None:
            raise errors.on_dm()
        channel_of(server, channel.id, Permission.MANAGE_MESSAGES)
    if channel.archived and channel.locked:
        raise errors.archived_thread()
    server.acts.delete(message, by=server.bot)


@routes.on("POST", "/channels/{channel}/messages/bulk-delete")
def _delete_many(server: "DiscordServer", call: Call) -> None:
    channel = channel_of(server, call.ids["channel"], Permission.MANAGE_MESSAGES)
    if channel.guild is None:
        raise errors.on_dm()
    insist(call.body, fields({"messages": array(snowflake, 10_000)}, required=("messages",)))
    ids = list(dict.fromkeys(map(str, call.fields["messages"])))
    if not MIN_BULK <= len(ids) <= MAX_BULK:
        raise errors.wrong_number_to_delete()
    found = [channel.messages[one] for one in ids if one in channel.messages]
    oldest = server.clock.now() - MAX_AGE_TO_BULK_DELETE
    if any(one.sent_at < oldest for one in found):
        raise errors.too_old_to_delete()
    server.acts.delete_many(channel, found)


@routes.on("POST", "/channels/{channel}/typing")
def _type(server: "DiscordServer", call: Call) -> None:
    channel: Channel = writable(server, call.ids["channel"])
    channel.num_typing += 1
