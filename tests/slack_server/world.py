"""What there is on the server: workspaces, channels, people, messages; knows no JSON and no wire."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class Kind(StrEnum):
    """Of a channel, as the `types` of conversations.list name it."""

    PUBLIC = "public_channel"
    PRIVATE = "private_channel"
    MPIM = "mpim"
    IM = "im"

    @property
    def event(self) -> str:
        """What `channel_type` of an event says."""
        return _EVENT_KINDS[self]

    @property
    def scope(self) -> str:
        """The word that begins the scopes for channels of this kind."""
        return _SCOPE_WORDS[self]


_EVENT_KINDS = {
    Kind.PUBLIC: "channel",
    Kind.PRIVATE: "group",
    Kind.MPIM: "mpim",
    Kind.IM: "im",
}
_SCOPE_WORDS = {
    Kind.PUBLIC: "channels",
    Kind.PRIVATE: "groups",
    Kind.MPIM: "mpim",
    Kind.IM: "im",
}


@dataclass(eq=False)
class User:
    """`bot_id` is what a bot is as an author. `deleted` means deactivated."""

    id: str
    name: str
    team_id: str
    real_name: str = ""
    display_name: str = ""
    is_bot: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    is_admin: bool = False
    is_owner: bool = False
    is_primary_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    deleted: bool = False
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        """What stands in a text that mentions this user."""
        return f"<@{self.id}>"


@dataclass(eq=False)
class Group:
    """A user group of a workspace."""

    id: str
    handle: str
    name: str
    team_id: str
    users: list[User] = field(default_factory=list)

    @property
    def mention(self) -> str:
        return f"<!subteam^{self.id}>"


@dataclass(eq=False)
class Team:
    """A workspace. `bot` is our app as a member of it.

    `stream_error` is with what it refuses to let the app stream, None where it may. With
    `is_limited` it treats the app as one distributed outside the marketplace: 15 messages a
    request, one request a minute.
    """

    id: str
    name: str
    domain: str
    bot: User
    installed: bool = False
    stream_error: str | None = None
    is_limited: bool = False
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{self.domain}.slack.com/"


@dataclass(eq=False)
class File:
    id: str
    name: str
    mimetype: str
    content: bytes = field(repr=False)
    user: User
    team_id: str
    created: int
    url: str = ""
    title: str = ""
    channel_ids: list[str] = field(default_factory=list)
    deleted: bool = False
    extra: Json = field(default_factory=dict)


@dataclass(eq=False)
class Message:
    """`versions` holds each text it ever had, the newest last; `seen_by` is who alone sees it.

    `pings` are all whom its newest version called: ids of users and groups, `channel`, `here`,
    `everyone`; `ever_pinged` those of every version. `asked` are the arguments of the bot that
    posted it, `streaming` whether it is being streamed.
    """

    ts: str
    channel: "Channel"
    user: User | None
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    broadcast: bool = False
    bot: User | None = None
    files: list[File] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    edited_by: User | None = None
    edited_ts: str | None = None
    reactions: dict[str, list[User]] = field(default_factory=dict)
    deleted: bool = False
    streaming: bool = False
    streamed: bool = False
    appended_at: float = 0.0
    seen_by: User | None = None
    pings: list[str] = field(default_factory=list)
    ever_pinged: list[str] = field(default_factory=list)
    asked: Json = field(default_factory=dict)
    extra: Json = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.versions.append(self.text)

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(float(self.ts), UTC)

    def rewrite(self, text: str) -> None:
        """Give it another text."""
        self.text = text
        if text != self.versions[-1]:
            self.versions.append(text)


@dataclass(eq=False)
class Channel:
    """`members` are ids of users; `shared_with` ids of other workspaces that it is shared with."""

    id: str
    name: str
    kind: Kind
    team_id: str
    creator: User
    created: int
    members: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    archived: bool = False
    shared_with: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    whispers: list[Message] = field(default_factory=list)  # what one person alone sees

    @property
    def mention(self) -> str:
        return f"<#{self.id}|{self.name}>"

    def oldest_first(self) -> list[Message]:
        return sorted(self.messages.values(), key=lambda one: one.ts)

    def replies(self, thread_ts: str) -> list[Message]:
        """Give the replies of a thread, the oldest first, without the message they hang on."""
        said = self.messages.values()
        replies = [one for one in said if one.thread_ts == thread_ts and one.ts != thread_ts]
        return sorted(replies, key=lambda one: one.ts)

    def seen_in_channel(self) -> list[Message]:
        """Give what stands in the channel itself: no replies, unless they were sent there too."""
        return [one for one in self.oldest_first() if not one.is_reply or one.broadcast]


@dataclass(eq=False)
class World:
    teams: dict[str, Team] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    def channels_of(self, user: User) -> Iterator[Channel]:
        """Give the channels that somebody is in."""
        return (one for one in self.channels.values() if user.id in one.members)
