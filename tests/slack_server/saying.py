"""What people do with messages."""

import mimetypes
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.slack_server.mrkdwn import pings, pings_of_blocks, rich_text
from tests.slack_server.site import Site, Where, Who
from tests.slack_server.views import message_json
from tests.slack_server.world import Channel, File, Json, Kind, Message, User

NOW = timedelta()


class Saying(Site):
    """People say, change and delete messages, react and send files."""

    async def says(  # noqa: PLR0913 - each is named in the call
        self,
        who: Who,
        where: Where,
        text: str = "",
        *,
        thread: Message | str | None = None,
        blocks: bool | list[Json] = True,
        broadcast: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
        ago: timedelta = NOW,
        tell: bool = True,
        **extra: Any,
    ) -> Message:
        """Post a message as Slack's client does; the app hears `message` and `app_mention`.

        `text` is as it goes over the wire: `<@U..>` mentions, & < > are escaped. Who is not in the
        channel joins it, which nobody is told. With `tell=False` the app hears nothing, as of what
        was said while it was away. `extra` is JSON that the message has besides.
        """
        user, channel = self.user(who), self._entered(who, where)
        message = Message(self.stamps.ts(ago=ago), channel, user, text)
        message.thread_ts = thread.thread_ts or thread.ts if isinstance(thread, Message) else thread
        message.broadcast = broadcast
        message.files = [self.keep_file(name, content, user) for name, content in files]
        message.subtype = "thread_broadcast" if broadcast else "file_share" if files else None
        if user.is_bot:
            message.bot = user
        else:
            message.extra = {"client_msg_id": str(uuid.uuid4()), **extra}
        if self.tells_context and channel.kind is Kind.IM:
            message.extra = {**message.extra, "app_context": self.desk.context(user)}
        self._write(message, text, blocks)
        return self._said(message, tell=tell)

    async def says_me(self, who: Who, where: Where, text: str) -> Message:
        """Post what /me makes of a text."""
        message = Message(self.stamps.ts(), self._entered(who, where), self.user(who), text)
        message.subtype = "me_message"
        return self._said(message)

    async def webhook_says(
        self, name: str, where: Where, text: str, *, blocks: list[Json] | None = None
    ) -> Message:
        """Post as an incoming webhook or an old integration: a bot that is no user."""
        message = Message(self.stamps.ts(), self.channel(where), None, text, subtype="bot_message")
        message.extra = {"username": name, "bot_id": self.stamps.id("B"), "icons": {}}
        message.blocks = blocks or []
        message.pings = pings(text)
        return self._said(message)

    async def edits(self, message: Message, text: str) -> None:
        """Give one's own message another text."""
        assert message.user is not None
        before = message_json(message)
        message.rewrite(text)
        self._write(message, text, bool(message.blocks))
        self.acts.rewritten(message, before, message.user)

    async def unfurls(self, message: Message, *attachments: Json) -> None:
        """Let Slack show a preview of a link: a change that changes no word."""
        before = message_json(message)
        message.attachments = list(attachments)
        self.acts.rewritten(message, before, None)

    async def deletes(self, message: Message) -> None:
        self.acts.delete(message)

    async def reacts(self, who: Who, message: Message, name: str) -> None:
        self.acts.react(message, name, self.user(who))

    async def unreacts(self, who: Who, message: Message, name: str) -> None:
        self.acts.unreact(message, name, self.user(who))

    async def uploads(
        self, who: Who, where: Where, name: str, content: bytes, *, text: str = "", **more: Any
    ) -> Message:
        """Send a file, with a word about it; `file_shared` comes as well."""
        message = await self.says(who, where, text, files=[(name, content)], **more)
        (file,) = message.files
        told: Json = {"type": "file_shared", "file_id": file.id, "user_id": file.user.id}
        told |= {"file": {"id": file.id}, "channel_id": message.channel.id, "event_ts": message.ts}
        self.acts.tell(told, message.channel)
        return message

    def keep_file(self, name: str, content: bytes, user: User) -> File:
        """Keep a file that can be fetched with a token."""
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file_id = self.stamps.id("F")
        file = File(file_id, name, kind, content, user, user.team_id, self.stamps.seconds())
        file.url = f"{self.url}/files/{user.team_id}-{file_id}/{name}"
        self.world.files[file_id] = file
        return file

    def _entered(self, who: Who, where: Where) -> Channel:
        user, channel = self.user(who), self.channel(where)
        if user.id not in channel.members:
            assert channel.kind is not Kind.IM, "a direct chat has two people"
            channel.members.append(user.id)
        return channel

    def _write(self, message: Message, text: str, blocks: bool | list[Json]) -> None:
        if isinstance(blocks, list):
            message.blocks = blocks
        else:
            message.blocks = rich_text(text, self.stamps.id("b")) if blocks else []
        message.pings = list(dict.fromkeys([*pings(text), *pings_of_blocks(message.blocks)]))

    def _said(self, message: Message, *, tell: bool = True) -> Message:
        for file in message.files:
            file.channel_ids.append(message.channel.id)
        message.channel.messages[message.ts] = message
        if tell:
            self.acts.tell_message(message)
        return message
