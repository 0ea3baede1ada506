"""A real discord.py client without a connection: gateway payloads in, its events and objects out.

One server with the usual places stands ready. `said` makes the payload of a message, as Discord
sends it over the gateway.
"""

import discord

from bot.platforms.discord.hearing import Me, edited, heard
from bot.platforms.discord.keys import channel_key
from bot.platforms.discord.reading import unread

ME = Me(user_id=100, name="Earshot")
GUILD, EVERYONE = 200, 200
OWN_ROLE, MODERATORS = 201, 202
GENERAL, NEWS, VOICE, STAGE, HELP, GROUP = 300, 301, 302, 303, 304, 310
THREAD, POST = 400, 401
NELLY, OTTO, HELPER_BOT = 500, 501, 502
IN_GENERAL = channel_key(GUILD, GENERAL)
EDITED = "2026-05-01T12:05:00+00:00"

BOT_USER = {"id": str(ME.user_id), "username": "earshot-bot", "discriminator": "0", "avatar": None}


def user(user_id, username, **more):
    return {
        "id": str(user_id),
        "username": username,
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        **more,
    }


def nick(name):
    """The membership that the gateway adds to an author or a mention."""
    return {"roles": [], "nick": name, "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0}


def said(content="", *, author=None, message_id=1000, **more):
    """A message in #general by Nelly. `guild_id=None` makes it a direct one."""
    payload = {
        "id": str(message_id),
        "channel_id": str(GENERAL),
        "guild_id": str(GUILD),
        "author": author or user(NELLY, "nelly"),
        "content": content,
        "timestamp": "2026-05-01T12:00:00+00:00",
        "edited_timestamp": None,
        "type": 0,
        "flags": 0,
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "tts": False,
        **more,
    }
    return {key: value for key, value in payload.items() if key != "guild_id" or value}


def file(filename, *, content_type=None, file_id=1, url="http://127.0.0.1:1/none", **more):
    return {
        "id": str(file_id),
        "filename": filename,
        "size": 100,
        "url": url,
        "proxy_url": url,
        **({"content_type": content_type} if content_type else {}),
        **more,
    }


def reply_to(original, **more):
    """The parts of a payload that make it a reply; `original` is a payload, an id, or None."""
    message_id = original["id"] if isinstance(original, dict) else original or 999
    reference = {
        "type": 0,
        "message_id": str(message_id),
        "channel_id": str(GENERAL),
        "guild_id": str(GUILD),
    }
    resolved = {} if isinstance(original, int) else {"referenced_message": original}
    return {"type": 19, "message_reference": {**reference, **more}, **resolved}


BOT = user(ME.user_id, "earshot-bot", bot=True)


class Memory:
    """Remembers names and the assistant's messages."""

    def __init__(self, names=(), own=(), wiped=()):
        self.names, self.own, self.wiped = dict(names), set(own), set(wiped)

    async def name_of(self, where, author_id):
        return self.names.get((where.workspace, author_id))

    async def keeps(self, where, author_id, *, said_at):
        return True

    async def is_wiped(self, where, message_id):
        return (where.workspace, message_id) in self.wiped

    async def is_ours(self, where, message_id):
        return (where, message_id) in self.own


class Ears(discord.Client):
    """Keeps every event that discord.py would call the program with."""

    def __init__(self):
        intents = discord.Intents(
            guilds=True, guild_messages=True, dm_messages=True, message_content=True
        )
        self.events = []
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self._connection.user = discord.ClientUser(state=self._connection, data=BOT_USER)
        self.takes("GUILD_CREATE", _guild())

    def dispatch(self, event, *args):
        self.events.append((event, args))

    def takes(self, event, payload):
        """Feed a gateway event to discord.py's own parser."""
        self._connection.parsers[event](payload)

    def message(self, payload):
        """The message object that on_message is called with."""
        self.takes("MESSAGE_CREATE", payload)
        event, args = self.events[-1]
        assert event == "message"
        return args[0]

    def fetched(self, payload):
        """The message object that a look into the history gives: nobody's membership is told."""
        told = {key: value for key, value in payload.items() if key not in ("guild_id", "member")}
        channel = self.get_channel(int(payload["channel_id"]))
        return discord.Message(state=self._connection, channel=channel, data=told)

    async def hears(self, payload, *, reader=unread, **more):
        return await heard(self.message(payload), me=ME, reader=reader, **more)

    async def hears_edit(self, payload, **more):
        self.takes("MESSAGE_UPDATE", payload)
        event, args = self.events[-1]
        assert event == "raw_message_edit"
        return await edited(args[0], me=ME, **more)


def _guild():
    return {
        "id": str(GUILD),
        "name": "The Burrow",
        "owner_id": str(NELLY),
        "roles": [
            _role(EVERYONE, "@everyone"),
            _role(OWN_ROLE, "Earshot App", managed=True, tags={"bot_id": str(ME.user_id)}),
            _role(MODERATORS, "Moderators"),
        ],
        "channels": [
            _channel(GENERAL, "general", 0),
            _channel(NEWS, "news", 5),
            _channel(VOICE, "lounge", 2, bitrate=64000, user_limit=0),
            _channel(STAGE, "talks", 13, bitrate=64000, user_limit=0),
            _channel(HELP, "help", 15, available_tags=[], default_sort_order=None),
        ],
        "threads": [_thread(THREAD, "a thread", GENERAL), _thread(POST, "Lost keys", HELP)],
        "emojis": [],
        "stickers": [],
        "features": [],
        "members": [],
        "member_count": 4,
        "verification_level": 0,
        "explicit_content_filter": 0,
        "default_message_notifications": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "system_channel_flags": 0,
    }


def _role(role_id, name, **more):
    return {
        "id": str(role_id),
        "name": name,
        "permissions": "0",
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": True,
        **more,
    }


def _channel(channel_id, name, kind, **more):
    return {
        "id": str(channel_id),
        "type": kind,
        "name": name,
        "position": 0,
        "permission_overwrites": [],
        "parent_id": None,
        "nsfw": False,
        "topic": None,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        **more,
    }


def _thread(thread_id, name, parent_id):
    return {
        "id": str(thread_id),
        "type": 11,
        "guild_id": str(GUILD),
        "parent_id": str(parent_id),
        "owner_id": str(NELLY),
        "name": name,
        "last_message_id": None,
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-05-01T12:00:00+00:00",
            "locked": False,
        },
    }
