"""What happens on the server, whoever does it: the world changes and the clients are told."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.discord_server.intents import Intent
from tests.discord_server.message_views import emoji_json, message_json
from tests.discord_server.permissions import Permission, in_channel, in_guild
from tests.discord_server.sessions import Session
from tests.discord_server.views import (
    channel_json,
    guild_json,
    member_json,
    role_json,
    roles_json,
    user_json,
    whole_member_json,
)
from tests.discord_server.world import Channel, Guild, Json, Member, Message, Role, User

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

MESSAGE_DELETE = 72  # in the audit log
# Discord counts on in the last entry, with no new event, when the same is done again soon.
SAME_ENTRY_FOR = timedelta(minutes=5)


@dataclass(eq=False)
class Acts:
    server: "DiscordServer"

    # Messages.

    def post(self, message: Message) -> Message:
        """Put a message where it belongs and tell those who see it."""
        if message.ephemeral:
            self.server.world.whispers[message.id] = message
            self.server.changed()
            return message
        message.channel.messages[message.id] = message
        self._wake(message.channel)
        self.tell_message("MESSAGE_CREATE", message)
        return message

    def tell_message(self, event: str, message: Message) -> None:
        """Send an event that carries a whole message."""
        if message.ephemeral:
            self.server.changed()
            return
        self._tell(event, self._shown(event, message), message.channel)

    def edit(self, message: Message, content: str) -> None:
        """Give a message another text."""
        message.rewrite(content, self.server.clock.now())
        self.tell_message("MESSAGE_UPDATE", message)

    def delete(self, message: Message, *, by: User | None = None) -> None:
        """Take a message away; a moderator's deed goes into the audit log."""
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        self.server.world.whispers.pop(message.id, None)
        if not message.ephemeral:
            gone = {"id": message.id, **self._where(message.channel)}
            self._tell("MESSAGE_DELETE", gone, message.channel)
        if by is not None and by is not message.author and message.channel.guild is not None:
            self._log_deletion(message, message.channel.guild, by)

    def delete_many(self, channel: Channel, messages: Sequence[Message]) -> None:
        """Take several away at once, as one event."""
        for message in messages:
            message.deleted = True
            channel.messages.pop(message.id, None)
        gone = {"ids": [one.id for one in messages], **self._where(channel)}
        self._tell("MESSAGE_DELETE_BULK", gone, channel)

    def react(self, message: Message, emoji: str, user: User) -> None:
        users = message.reactions.setdefault(emoji, [])
        if user in users:
            return
        users.append(user)
        event = self._reaction(message, emoji, user)
        member = self._member(user, message.channel.guild)
        if member is not None:
            event["member"] = whole_member_json(member)
        event["message_author_id"] = message.author.id
        self._tell("MESSAGE_REACTION_ADD", event, message.channel)

    def unreact(self, message: Message, emoji: str, user: User) -> None:
        users = message.reactions.get(emoji, [])
        if user not in users:
            return
        users.remove(user)
        if not users:
            del message.reactions[emoji]
        event = self._reaction(message, emoji, user)
        self._tell("MESSAGE_REACTION_REMOVE", event, message.channel)

    def clear_reactions(self, message: Message, emoji: str | None = None) -> None:
        """Take away all reactions, or all with one emoji."""
        event = {"message_id": message.id, **self._where(message.channel)}
        if emoji is None:
            message.reactions.clear()
            self._tell("MESSAGE_REACTION_REMOVE_ALL", event, message.channel)
            return
        message.reactions.pop(emoji, None)
        event["emoji"] = emoji_json(emoji)
        self._tell("MESSAGE_REACTION_REMOVE_EMOJI", event, message.channel)

    def _reaction(self, message: Message, emoji: str, user: User) -> Json:
        return {
            "user_id": user.id,
            "message_id": message.id,
            "emoji": emoji_json(emoji),
            "burst": False,
            "type": 0,
            **self._where(message.channel),
        }

    def _shown(self, event: str, message: Message) -> Callable[[Session], Json]:
        """Give a message as each session may see it."""
        guild = message.channel.guild
        author = None if message.webhook_id else self._member(message.author, guild)

        def shown_to(session: Session) -> Json:
            has_content = Intent.MESSAGE_CONTENT in session.intents
            shown = message_json(message, reader=self.server.bot, has_content=has_content)
            if event == "MESSAGE_CREATE" and message.nonce is not None:
                shown["nonce"] = message.nonce  # kept nowhere: it is told once and never again
            shown["channel_type"] = int(message.channel.type)
            if guild is not None:
                shown["guild_id"] = guild.id
                shown["mentions"] = [self._mentioned(user, guild) for user in message.pings]
            if author is not None:
                shown["member"] = member_json(author)
            return shown

        return shown_to

    def _mentioned(self, user: User, guild: Guild) -> Json:
        member = guild.members.get(user.id)
        return {**user_json(user), **({"member": member_json(member)} if member else {})}

    def _wake(self, channel: Channel) -> None:
        """Bring a thread back from the archive, as a message in it does."""
        if channel.archived:
            self.archive(channel, archived=False)

    # Channels and threads.

    def add_channel(self, channel: Channel) -> Channel:
        assert channel.guild is not None
        channel.guild.channels[channel.id] = channel
        if channel.is_thread:
            made = {**channel_json(channel), "newly_created": True}
            self._tell("THREAD_CREATE", made, channel)
        else:
            self._tell("CHANNEL_CREATE", channel_json(channel), channel)
        return channel

    def update_channel(self, channel: Channel) -> None:
        """Tell of a change in a channel, whatever it was."""
        event = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self._tell(event, channel_json(channel), channel)

    def archive(self, thread: Channel, *, archived: bool) -> None:
        thread.archived = archived
        self.update_channel(thread)

    def delete_channel(self, channel: Channel) -> None:
        """Take a channel away, with its threads; of those no event tells."""
        assert channel.guild is not None
        places = channel.guild.channels
        for thread in [one for one in places.values() if one.parent_id == channel.id]:
            if thread.is_thread:
                del places[thread.id]
        gone = channel_json(channel)
        if channel.is_thread:
            gone = {name: gone[name] for name in ("id", "guild_id", "parent_id", "type")}
        self._tell("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", gone, channel)
        del places[channel.id]

    # Guilds.

    def join_guild(self, guild: Guild) -> None:
        """Let the bot become a member, or let a guild come back from an outage."""
        if not guild.bot_present:
            guild.members[self.server.bot.id].joined_at = self.server.clock.now()
        shown = guild_json(guild, {self.server.bot.id})
        if not guild.unavailable:
            del shown["unavailable"]  # that is how a client tells a new guild from one that is back
        guild.bot_present, guild.unavailable = True, False
        self.server.gateway.emit("GUILD_CREATE", shown, guild=guild)

    def leave_guild(self, guild: Guild) -> None:
        """Let the bot be removed."""
        guild.bot_present = False
        self.server.commands.pop(guild.id, None)  # its own commands go with the app
        self.server.gateway.emit("GUILD_DELETE", {"id": guild.id}, guild=guild)

    def lose_guild(self, guild: Guild) -> None:
        """Let a guild be unavailable for a while, as in an outage."""
        guild.unavailable = True
        gone = {"id": guild.id, "unavailable": True}
        self.server.gateway.emit("GUILD_DELETE", gone, guild=guild)

    def update_role(self, guild: Guild, role: Role, event: str = "GUILD_ROLE_UPDATE") -> None:
        """Tell of a role that was made or changed."""
        shown = role_json(role, guild.roles.index(role))
        self.server.gateway.emit(event, {"guild_id": guild.id, "role": shown}, guild=guild)

    def update_guild(self, guild: Guild) -> None:
        facts = {**guild_json(guild, set()), "roles": roles_json(guild)}
        self.server.gateway.emit("GUILD_UPDATE", facts, guild=guild)

    def log(self, guild: Guild, entry: Json) -> None:
        """Write into the audit log and tell those who may read it."""
        guild.audit_log.insert(0, entry)
        allowed = in_guild(guild.members[self.server.bot.id], guild)
        if Permission.VIEW_AUDIT_LOG in allowed:
            told = {**entry, "guild_id": guild.id}
            self.server.gateway.emit("GUILD_AUDIT_LOG_ENTRY_CREATE", told, guild=guild)

    def _log_deletion(self, message: Message, guild: Guild, by: User) -> None:
        now = self.server.clock.now()
        same = {
            "user_id": by.id,
            "target_id": message.author.id,
            "action_type": MESSAGE_DELETE,
            "channel": message.channel.id,
        }
        for at, entry, facts in self.server.deletions_logged:
            if facts == same and now - at < SAME_ENTRY_FOR:
                entry["options"]["count"] = str(int(entry["options"]["count"]) + 1)
                return
        entry = {
            "id": self.server.ids.next(),
            "user_id": by.id,
            "target_id": message.author.id,
            "action_type": MESSAGE_DELETE,
            "options": {"channel_id": message.channel.id, "count": "1"},
        }
        self.server.deletions_logged.append((now, entry, same))
        self.log(guild, entry)

    # Who is told.

    def _tell(self, event: str, data: object, channel: Channel) -> None:
        """Send an event of a channel; what is in it, only if the bot sees the channel."""
        guild = channel.guild
        there = guild is None or (guild.bot_present and not guild.unavailable)
        of_all = event.startswith("CHANNEL_")
        if there and (of_all or self.server.bot_may(Permission.VIEW_CHANNEL, channel)):
            self.server.gateway.emit(event, data, guild=guild)
        self.server.changed()

    def _where(self, channel: Channel) -> Json:
        guild = channel.guild
        return {"channel_id": channel.id, **({"guild_id": guild.id} if guild else {})}

    def _member(self, user: User, guild: Guild | None) -> Member | None:
        return None if guild is None else guild.members.get(user.id)


def may(member: Member, permission: Permission, channel: Channel) -> bool:
    """Say whether a member may do this in a channel."""
    assert channel.guild is not None
    return permission in in_channel(member, channel.guild, channel)


def mentioned_ids(content: str) -> list[str]:
    """Give the ids of the people whom a text mentions, each once."""
    return list(dict.fromkeys(re.findall(r"<@!?(\d+)>", content)))


def mentioned_role_ids(content: str) -> list[str]:
    """Give the ids of the roles that a text mentions, each once."""
    return list(dict.fromkeys(re.findall(r"<@&(\d+)>", content)))
