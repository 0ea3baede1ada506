"""How threads begin: by themselves, from a message, or as a post in a forum."""

from typing import TYPE_CHECKING

from tests.discord_server.drafts import reference_to
from tests.discord_server.world import (
    Channel,
    ChannelType,
    Flags,
    Message,
    MessageType,
    User,
)

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer


def new_thread(
    server: "DiscordServer", parent: Channel, name: str, user: User, thread_id: str | None = None
) -> Channel:
    """Open a thread and tell of it, but write nothing into any channel."""
    kinds = {ChannelType.ANNOUNCEMENT: ChannelType.ANNOUNCEMENT_THREAD}
    thread = Channel(
        id=thread_id or server.ids.next(),
        type=kinds.get(parent.type, ChannelType.THREAD),
        name=name,
        made_at=server.clock.now(),
        guild=parent.guild,
        parent_id=parent.id,
        owner_id=user.id,
    )
    return server.acts.add_channel(thread)


def thread_by_itself(server: "DiscordServer", parent: Channel, name: str, user: User) -> Channel:
    """Open a thread from nothing: a line in the channel says so."""
    thread = new_thread(server, parent, name, user)
    line = _system_message(server, parent, user, MessageType.THREAD_CREATED)
    line.content = name
    line.replies_to = {"type": 0, "channel_id": thread.id}
    if parent.guild is not None:
        line.replies_to["guild_id"] = parent.guild.id
    server.acts.post(line)
    return thread


def thread_from(server: "DiscordServer", starter: Message, name: str, user: User) -> Channel:
    """Open a thread from a message: it has the id of the message and begins with its copy."""
    thread = new_thread(server, starter.channel, name, user, starter.id)
    starter.flags |= Flags.HAS_THREAD
    server.acts.tell_message("MESSAGE_UPDATE", starter)
    copy = _system_message(server, thread, starter.author, MessageType.THREAD_STARTER)
    copy.replies_to, copy.referenced = reference_to(starter), starter
    server.acts.post(copy)
    return thread


def forum_post(
    server: "DiscordServer", forum: Channel, title: str, text: str, user: User
) -> Channel:
    """Write a post in a forum: a thread whose first message has the id of the thread."""
    thread = new_thread(server, forum, title, user)
    server.acts.post(Message(thread.id, thread, user, text, thread.made_at))
    return thread


def _system_message(
    server: "DiscordServer", channel: Channel, user: User, kind: MessageType
) -> Message:
    return Message(server.ids.next(), channel, user, "", server.clock.now(), kind)
