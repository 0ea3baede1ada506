"""What happens on the server, whoever does it: the world changes and the app is told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.slack_server.views import message_json, tombstone, user_json
from tests.slack_server.world import Channel, Json, Kind, Message, Team, User

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

MENTIONABLE = {Kind.PUBLIC, Kind.PRIVATE, Kind.MPIM}


@dataclass(eq=False)
class Acts:
    server: "SlackServer"

    # Messages.

    def post(self, message: Message) -> Message:
        """Put a message where it belongs and tell the app, if it mentions the app twice."""
        if message.seen_by is not None:
            message.channel.whispers.append(message)
            self.server.changed()
            return message
        message.channel.messages[message.ts] = message
        self.server.desk.posted(message)
        self.tell_message(message)
        return message

    def tell_message(self, message: Message) -> None:
        """Send the events of a new message."""
        channel = message.channel
        shown = self.in_event(message)
        told = [("message", shown)]
        if channel.kind in MENTIONABLE and self._mentions_app(message):
            told.append(("app_mention", self._mention(shown)))
        if self.server.mention_first:
            told.reverse()
        for _, event in told:
            self.tell(event, channel)

    def in_event(self, message: Message) -> Json:
        """Show a message as an event does that tells of it."""
        shown = message_json(message)
        if message.user is not None and message.user.team_id != message.channel.team_id:
            shown |= {"user_team": message.user.team_id, "source_team": message.user.team_id}
        if message.broadcast:
            root = message.channel.messages.get(message.thread_ts or "")
            shown["root"] = message_json(root) if root else None
        for name in ("reply_count", "reply_users", "reply_users_count", "latest_reply"):
            shown.pop(name, None)
        where = {"channel": message.channel.id, "channel_type": message.channel.kind.event}
        return {**shown, **where, "event_ts": message.ts}

    def _mentions_app(self, message: Message) -> bool:
        team = self._team_of(message.channel)
        return (
            team is not None
            and message.bot is not team.bot
            and team.bot.id in message.pings
            and message.subtype in (None, "file_share", "thread_broadcast", "bot_message")
        )

    def _mention(self, shown: Json) -> Json:
        dropped = {"channel_type", "subtype", "root"}
        return {**{k: v for k, v in shown.items() if k not in dropped}, "type": "app_mention"}

    def rewritten(self, message: Message, before: Json, by: User | None) -> None:
        """Tell that a message was changed; without `by` its words are the same, as an unfurl."""
        if by is not None:
            message.edited_by, message.edited_ts = by, self.server.stamps.ts()
        after = message_json(message)
        self._tell_change(message.channel, {"message": after, "previous_message": before})

    def _tell_change(self, channel: Channel, what: Json) -> None:
        self._tell_hidden(channel, {"subtype": "message_changed", **what})

    def _tell_hidden(self, channel: Channel, what: Json) -> None:
        ts = self.server.stamps.ts()
        event = {"type": "message", **what, "channel": channel.id, "hidden": True, "ts": ts}
        self.tell({**event, "event_ts": ts, "channel_type": channel.kind.event}, channel)

    def delete(self, message: Message) -> None:
        """Take a message away; one that others replied to leaves a tombstone behind."""
        channel = message.channel
        before, message.deleted = message_json(message), True
        if message in channel.whispers:
            channel.whispers.remove(message)
            self.server.changed()
            return
        has_replies = bool(channel.replies(message.ts))
        channel.messages.pop(message.ts, None)
        if has_replies:
            self._tell_change(channel, {"message": tombstone(message), "previous_message": before})
            return
        gone = {"subtype": "message_deleted", "previous_message": before}
        self._tell_hidden(channel, {**gone, "deleted_ts": message.ts})

    def react(self, message: Message, name: str, user: User) -> None:
        users = message.reactions.setdefault(name, [])
        if user not in users:
            users.append(user)
            self._tell_reaction("reaction_added", message, name, user)

    def unreact(self, message: Message, name: str, user: User) -> None:
        users = message.reactions.get(name, [])
        if user not in users:
            return
        users.remove(user)
        if not users:
            del message.reactions[name]
        self._tell_reaction("reaction_removed", message, name, user)

    def _tell_reaction(self, event: str, message: Message, name: str, user: User) -> None:
        author = message.user
        item = {"type": "message", "channel": message.channel.id, "ts": message.ts}
        told: Json = {"type": event, "user": user.id, "reaction": name, "item": item}
        if author is not None:
            told["item_user"] = author.id
        self.tell({**told, "event_ts": self.server.stamps.ts()}, message.channel)

    def notice(
        self, channel: Channel, subtype: str, user: User, text: str, **more: object
    ) -> Message:
        """Post what Slack itself says in a channel, such as that somebody joined."""
        message = Message(self.server.stamps.ts(), channel, user, text, subtype=subtype)
        message.extra = dict(more)
        return self.post(message)

    # Who is in a channel.

    def join(self, channel: Channel, user: User, *, inviter: User | None = None) -> None:
        if user.id in channel.members:
            return
        channel.members.append(user.id)
        letter = "C" if channel.kind is Kind.PUBLIC else "G"
        event: Json = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": letter,
            "team": user.team_id,
            "event_ts": self.server.stamps.ts(),
        }
        if inviter is not None:
            event["inviter"] = inviter.id
        self.tell(event, channel)
        if channel.kind in (Kind.PUBLIC, Kind.PRIVATE):
            subtype = "channel_join" if channel.kind is Kind.PUBLIC else "group_join"
            more = {"inviter": inviter.id} if inviter else {}
            self.notice(channel, subtype, user, f"{user.mention} has joined the channel", **more)

    def leave(self, channel: Channel, user: User, *, by: User | None = None) -> None:
        if user.id not in channel.members:
            return
        team = self._team_of(channel)
        letter = "C" if channel.kind is Kind.PUBLIC else "G"
        ts = self.server.stamps.ts()
        event = {"type": "member_left_channel", "user": user.id, "channel": channel.id}
        event |= {"channel_type": letter, "team": user.team_id, "event_ts": ts}
        channel.members.remove(user.id)
        if team is not None and user is team.bot:
            self.server.events.send(team, event)
            kind = "channel_left" if channel.kind is Kind.PUBLIC else "group_left"
            left = {"type": kind, "channel": channel.id, "event_ts": ts}
            self.server.events.send(team, {**left, "actor_id": (by or user).id})
            return
        self.tell(event, channel)
        subtype = "channel_leave" if channel.kind is Kind.PUBLIC else "group_leave"
        self.notice(channel, subtype, user, f"{user.mention} has left the channel")

    # Channels.

    def rename(self, channel: Channel, name: str, by: User) -> None:
        before, channel.name = channel.name, name
        kind = "channel_rename" if channel.kind is Kind.PUBLIC else "group_rename"
        facts = {"id": channel.id, "name": name, "created": channel.created, "is_channel": True}
        self.tell_team(channel, {"type": kind, "channel": facts})
        text = f'has renamed the channel from "{before}" to "{name}"'
        self.notice(channel, "channel_name", by, text, old_name=before, name=name)

    def set_topic(self, channel: Channel, topic: str, by: User) -> None:
        channel.topic = topic
        text = f"set the channel topic: {topic}"
        subtype = "channel_topic" if channel.kind is Kind.PUBLIC else "group_topic"
        self.notice(channel, subtype, by, text, topic=topic)

    def archive(self, channel: Channel, by: User, *, archived: bool) -> None:
        channel.archived = archived
        word = "channel" if channel.kind is Kind.PUBLIC else "group"
        verb = "archive" if archived else "unarchive"
        self.tell_team(channel, {"type": f"{word}_{verb}", "channel": channel.id, "user": by.id})

    def delete_channel(self, channel: Channel, by: User) -> None:
        word = "channel" if channel.kind is Kind.PUBLIC else "group"
        told = {"type": f"{word}_deleted", "channel": channel.id, "actor_id": by.id}
        self.tell_team(channel, told)
        del self.server.world.channels[channel.id]

    def tell_team(self, channel: Channel, event: Json) -> None:
        """Tell of a channel those who need not be in it, if it is public."""
        team = self._team_of(channel) or self.server.world.teams.get(channel.team_id)
        is_told = channel.kind is Kind.PUBLIC or self._team_of(channel) is not None
        if team is not None and is_told:
            self.server.events.send(team, {**event, "event_ts": self.server.stamps.ts()})
        self.server.changed()

    # People.

    def change_user(self, user: User) -> None:
        """Tell that something about somebody is another."""
        team = self.server.world.teams[user.team_id]
        shown = user_json(user, seen_from=team.id)
        ts = self.server.stamps.ts()
        event = {"type": "user_change", "user": shown, "cache_ts": int(float(ts)), "event_ts": ts}
        self.server.events.send(team, event)

    # Who is told.

    def tell(self, event: Json, channel: Channel) -> None:
        """Send an event of a channel, if the app is in it."""
        team = self._team_of(channel)
        if team is not None:
            self.server.events.send(team, event, channel=channel)
        self.server.changed()

    def _team_of(self, channel: Channel) -> Team | None:
        """Give the workspace whose bot is in a channel; of several, the one that owns it."""
        for team_id in (channel.team_id, *channel.shared_with):
            team = self.server.world.teams[team_id]
            if team.installed and team.bot.id in channel.members:
                return team
        return None
