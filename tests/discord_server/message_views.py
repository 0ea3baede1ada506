"""How Discord writes messages as JSON; each function gives a new object."""

from tests.discord_server.views import time_json, user_json
from tests.discord_server.world import Attachment, Flags, Json, Message, User


def message_json(message: Message, *, reader: User, has_content: bool, deep: bool = True) -> Json:
    """Give a message as REST does.

    Without `has_content` a reader sees only the words that are theirs: their own, those that
    mention them, those of a DM. `deep` gives the message it replies to as well.
    """
    shown = {
        "id": message.id,
        "type": int(message.type),
        "channel_id": message.channel.id,
        "author": user_json(message.author),
        "timestamp": time_json(message.sent_at),
        "edited_timestamp": time_json(message.edited_at),
        "tts": False,
        "mention_everyone": message.pings_everyone,
        "mentions": [user_json(user) for user in message.pings],
        "mention_roles": [role.id for role in message.role_pings],
        "pinned": message.pinned,
        "flags": int(message.flags),
        **_words_json(message, reader.id if not has_content else None),
        **_origin_json(message),
    }
    shown |= message.extra
    if message.reactions:
        shown["reactions"] = [
            _reaction_json(emoji, users, reader) for emoji, users in message.reactions.items()
        ]
    if message.replies_to is not None:
        shown["message_reference"] = message.replies_to
    if deep and message.referenced is not None:
        shown["referenced_message"] = _referenced_json(message, reader, has_content)
    return shown


def _words_json(message: Message, for_user_id: str | None) -> Json:
    """Give what is said; empty if only the words of that user are shown and these are not."""
    own = message.author.id == for_user_id or message.channel.is_dm
    pinged = any(user.id == for_user_id for user in message.pings)
    if for_user_id is not None and not own and not pinged:
        return {"content": "", "attachments": [], "embeds": [], "components": []}
    return {
        "content": message.content,
        "attachments": [_attachment_json(one) for one in message.attachments],
        "embeds": [] if message.flags & Flags.SUPPRESS_EMBEDS else message.embeds,
        "components": message.components,
    }


def _origin_json(message: Message) -> Json:
    origin: Json = {}
    if message.webhook_id is not None:
        origin["webhook_id"] = message.webhook_id
    if message.interaction is not None:
        origin["application_id"] = message.webhook_id
        origin["interaction_metadata"] = message.interaction
    return origin


def _referenced_json(message: Message, reader: User, has_content: bool) -> Json | None:
    found = message.referenced
    if found is None or found.deleted:
        return None
    return message_json(found, reader=reader, has_content=has_content, deep=False)


def _attachment_json(attachment: Attachment) -> Json:
    return {
        "id": attachment.id,
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": len(attachment.content),
        "url": attachment.url,
        "proxy_url": attachment.url,
        "flags": 0,
    }


def emoji_json(emoji: str) -> Json:
    """Give an emoji: a character, or name:id for one of a guild."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name}


def _reaction_json(emoji: str, users: list[User], reader: User) -> Json:
    return {
        "emoji": emoji_json(emoji),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "me": reader in users,
        "me_burst": False,
        "burst_colors": [],
    }
