"""What there is on the server: guilds, channels, people and messages; knows no JSON and no wire."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag
from typing import Any

Json = dict[str, Any]


class ChannelType(IntEnum):
    TEXT = 0
    DM = 1
    VOICE = 2
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15


SPOKEN = {ChannelType.VOICE, ChannelType.STAGE}
THREADS = {ChannelType.ANNOUNCEMENT_THREAD, ChannelType.THREAD, ChannelType.PRIVATE_THREAD}


class MessageType(IntEnum):
    DEFAULT = 0
    PINNED = 6
    JOINED = 7
    THREAD_CREATED = 18
    REPLY = 19
    COMMAND = 20
    THREAD_STARTER = 21
    MENU_COMMAND = 23


class Flags(IntFlag):
    """Of a message."""

    CROSSPOSTED = 1 << 0
    IS_CROSSPOST = 1 << 1
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12


@dataclass(eq=False)
class User:
    id: str
    name: str
    global_name: str | None
    bot: bool = False

    @property
    def mention(self) -> str:
        """What stands in a text that mentions this user."""
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    id: str
    name: str
    permissions: int
    managed: bool = False
    mentionable: bool = False

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"


@dataclass(frozen=True)
class Overwrite:
    """What a channel changes for a role or, if `is_member`, for one member."""

    id: str
    is_member: bool
    allow: int
    deny: int


@dataclass(eq=False)
class Member:
    user: User
    joined_at: datetime
    nick: str | None = None
    timed_out: bool = False
    roles: list[Role] = field(default_factory=list)


@dataclass(frozen=True)
class Attachment:
    id: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)
    url: str = ""


@dataclass(eq=False)
class Message:
    """`versions` holds each text it ever had, the newest last; `seen_by` is who alone sees it.

    `extra` is JSON that it has besides, such as stickers or a poll; `body` what the bot sent.
    """

    id: str
    channel: "Channel"
    author: User
    content: str
    sent_at: datetime
    type: MessageType = MessageType.DEFAULT
    replies_to: Json | None = None
    referenced: "Message | None" = None
    pings: list[User] = field(default_factory=list)
    role_pings: list[Role] = field(default_factory=list)
    pings_everyone: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    pinned: bool = False
    reactions: dict[str, list[User]] = field(default_factory=dict)
    webhook_id: str | None = None
    interaction: Json | None = None
    seen_by: User | None = None
    extra: Json = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    body: Json = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.versions.append(self.content)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & Flags.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return bool(self.flags & Flags.LOADING)

    @property
    def reply_to_id(self) -> str | None:
        """The message it replies to, gone or not."""
        return None if self.referenced is None else self.referenced.id

    def rewrite(self, content: str, at: datetime) -> None:
        """Give it another text."""
        self.content, self.edited_at = content, at
        self.versions.append(content)


@dataclass(eq=False)
class Channel:
    id: str
    type: ChannelType
    name: str
    made_at: datetime
    guild: "Guild | None" = None
    parent_id: str | None = None
    topic: str | None = None
    owner_id: str | None = None
    recipient: User | None = None
    archived: bool = False
    locked: bool = False
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    num_typing: int = 0

    @property
    def is_thread(self) -> bool:
        return self.type in THREADS

    @property
    def is_dm(self) -> bool:
        return self.type is ChannelType.DM

    @property
    def newest_first(self) -> list[Message]:
        return sorted(self.messages.values(), key=lambda one: int(one.id), reverse=True)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"


@dataclass(eq=False)
class Guild:
    """`bot_present` is False before the bot joins and after it left."""

    id: str
    name: str
    owner_id: str
    everyone: Role
    roles: list[Role] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    audit_log: list[Json] = field(default_factory=list)
    locale: str = "en-US"
    bot_present: bool = True
    unavailable: bool = False
    system_channel_id: str | None = None

    def threads(self) -> Iterator[Channel]:
        """Give the threads that are not archived."""
        return (one for one in self.channels.values() if one.is_thread and not one.archived)


@dataclass
class World:
    """Everything by its id. `whispers` are the messages that only one person sees."""

    bot: User
    users: dict[str, User] = field(default_factory=dict)
    guilds: dict[str, Guild] = field(default_factory=dict)
    dms: dict[str, Channel] = field(default_factory=dict)
    whispers: dict[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.users[self.bot.id] = self.bot

    def channel(self, channel_id: str) -> Channel | None:
        """Find a channel, thread or DM."""
        if channel_id in self.dms:
            return self.dms[channel_id]
        places = (guild.channels.get(channel_id) for guild in self.guilds.values())
        return next((one for one in places if one is not None), None)

    def roles(self, guild: Guild | None) -> dict[str, Role]:
        """Give the roles of a guild by their ids."""
        return {} if guild is None else {role.id: role for role in guild.roles}
