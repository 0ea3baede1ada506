"""People as a test meets them: they say, edit, delete, react, give commands and press buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.discord_server.acts import mentioned_ids, mentioned_role_ids
from tests.discord_server.command_checks import MESSAGE_MENU
from tests.discord_server.command_data import command_data, registered, root_of
from tests.discord_server.drafts import reference_to
from tests.discord_server.interactions import Interaction, InteractionType, interact
from tests.discord_server.message_views import message_json
from tests.discord_server.permissions import Permission, in_channel
from tests.discord_server.snowflakes import time_of
from tests.discord_server.views import user_json
from tests.discord_server.world import (
    Channel,
    Guild,
    Json,
    Message,
    MessageType,
    Role,
    User,
)

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

BUTTON, ACTION_ROW, TEXT_INPUT = 2, 1, 4
NOW = timedelta()


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody at their client. `locale` is the language of that client."""

    server: "DiscordServer"
    user: User
    guild: Guild
    locale: str = "en-US"

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def mention(self) -> str:
        return self.user.mention

    @property
    def dm(self) -> Channel:
        """The channel where only this person and the bot are."""
        return self.server.dm_with(self.user)

    # Messages.

    async def says(
        self,
        channel: Channel,
        text: str = "",
        *,
        mentions: Sequence["User | Person | Role"] = (),
        files: Sequence[tuple[str, bytes]] = (),
        ago: timedelta = NOW,
    ) -> Message:
        """Post a message; who is mentioned but not in the text is put before it."""
        words = [one.mention for one in mentions if one.mention not in text]
        message = self._message(channel, " ".join([*words, text]).strip(), ago)
        message.attachments = [self.server.keep_file(name, content) for name, content in files]
        return self.server.acts.post(message)

    async def replies(
        self,
        message: Message,
        text: str,
        *,
        ping: bool = True,
        mentions: Sequence["User | Person | Role"] = (),
    ) -> Message:
        """Reply to a message; `ping` mentions its author, as clients do unless told not to."""
        words = [one.mention for one in mentions if one.mention not in text]
        reply = self._message(message.channel, " ".join([*words, text]), NOW)
        reply.type = MessageType.REPLY
        reply.replies_to, reply.referenced = reference_to(message), message
        if ping and message.author not in reply.pings:
            reply.pings.append(message.author)
        return self.server.acts.post(reply)

    async def edits(self, message: Message, text: str) -> None:
        assert message.author is self.user, "only one's own messages can be edited"
        message.content = text
        self._set_pings(message)
        self.server.acts.edit(message, text)

    async def deletes(self, message: Message) -> None:
        """Delete a message; that of another is a moderator's deed, which the audit log shows."""
        own = message.author is self.user
        assert own or message.channel.guild, "in a DM nobody deletes what the other said"
        self.server.acts.delete(message, by=self.user)

    async def reacts(self, message: Message, emoji: str) -> None:
        self.server.acts.react(message, emoji, self.user)

    async def unreacts(self, message: Message, emoji: str) -> None:
        self.server.acts.unreact(message, emoji, self.user)

    async def types(self, channel: Channel) -> None:
        """Let others see that this person is typing."""
        event = {
            "channel_id": channel.id,
            "user_id": self.id,
            "timestamp": int(self.server.clock.now().timestamp()),
        }
        guild = channel.guild
        where = {"guild_id": guild.id} if guild else {}
        self.server.gateway.emit("TYPING_START", {**event, **where}, guild=guild)

    def _message(self, channel: Channel, text: str, ago: timedelta) -> Message:
        then = self.server.clock.now() - ago
        message_id = self.server.ids.at(then) if ago else self.server.ids.next()
        sent_at = time_of(message_id)
        message = Message(message_id, channel, self.user, text, sent_at)
        self._set_pings(message)
        return message

    def _set_pings(self, message: Message) -> None:
        users, roles = self.server.world.users, self.server.world.roles(message.channel.guild)
        found = (users.get(one) for one in mentioned_ids(message.content))
        message.pings = [one for one in found if one is not None]
        named = (roles.get(one) for one in mentioned_role_ids(message.content))
        message.role_pings = [one for one in named if one is not None]
        message.pings_everyone = "@everyone" in message.content or "@here" in message.content

    # Commands, buttons and forms.

    async def slash(
        self, path: str, /, *, where: Channel | None = None, wait: bool = True, **values: Any
    ) -> Interaction:
        """Give a command such as "assistant mode" and wait for what the bot answers."""
        channel = where or self.server.general
        commands = self._commands(channel)
        self._insist_it_is_shown(root_of(commands, path), channel)
        data = command_data(commands, path, values)
        return await self._interact(InteractionType.COMMAND, channel, data, wait=wait)

    async def is_typing(
        self, path: str, /, *, option: str, where: Channel | None = None, **values: Any
    ) -> list[str]:
        """Type at an option of a command and give the names that the bot suggests."""
        channel = where or self.server.general
        data = command_data(self._commands(channel), path, values, focused=option)
        asked = await self._interact(InteractionType.AUTOCOMPLETE, channel, data)
        return [one["name"] for one in asked.choices]

    async def asks_about(
        self, message: Message, command: str | None = None, *, wait: bool = True
    ) -> Interaction:
        """Choose a command in the menu of a message."""
        menu = registered(self._commands(message.channel), MESSAGE_MENU, command)
        self._insist_it_is_shown(menu, message.channel)
        shown = message_json(message, reader=self.server.bot, has_content=True)
        data = {
            "id": menu["id"],
            "name": menu["name"],
            "type": MESSAGE_MENU,
            "target_id": message.id,
            "resolved": {"messages": {message.id: shown}},
        }
        return await self._interact(InteractionType.COMMAND, message.channel, data, wait=wait)

    async def presses(
        self, message: Message, label: str | None = None, *, wait: bool = True
    ) -> Interaction:
        """Press a button by its label, its custom_id or, if it is the only one, without."""
        assert message.seen_by in (None, self.user), "nobody else sees this message"
        buttons = [one for row in message.components for one in row["components"]]
        buttons = [one for one in buttons if one["type"] == BUTTON]
        known = [one.get("label") or one.get("custom_id") for one in buttons]
        fitting = [one for one in buttons if label in (None, one.get("label"), one["custom_id"])]
        assert len(fitting) == 1, f"no single button {label!r}, only {known}"
        assert not fitting[0].get("disabled"), f"the button {label!r} cannot be pressed"
        data = {"custom_id": fitting[0]["custom_id"], "component_type": BUTTON}
        kind = InteractionType.COMPONENT
        return await self._interact(kind, message.channel, data, message, wait=wait)

    async def submits(self, asked: Interaction, *, wait: bool = True, **values: str) -> Interaction:
        """Fill in the form that the bot answered with; names are the custom_ids of its fields."""
        assert asked.modal is not None, "the bot showed no form"
        rows = [
            {
                "type": ACTION_ROW,
                "id": place,
                "components": [
                    {
                        "type": TEXT_INPUT,
                        "id": place + 100,
                        "custom_id": field["custom_id"],
                        "value": values.get(field["custom_id"], field.get("value") or ""),
                    }
                    for field in row["components"]
                ],
            }
            for place, row in enumerate(asked.modal["components"], start=1)
        ]
        data = {"custom_id": asked.modal["custom_id"], "components": rows}
        return await self._interact(
            InteractionType.MODAL, asked.channel, data, asked.message, wait=wait
        )

    async def _interact(
        self,
        kind: InteractionType,
        channel: Channel,
        data: Json,
        message: Message | None = None,
        *,
        wait: bool = True,
    ) -> Interaction:
        interaction = Interaction(
            id=self.server.ids.next(),
            token=f"interaction-{self.server.ids.next()}",
            type=kind,
            user=self.user,
            channel=channel,
            data=data,
            locale=self.locale,
            born_s=self.server.clock.elapsed_s,
            message=message,
        )
        interact(self.server, interaction)
        if wait:
            await self.server.until(lambda: interaction.settled)
        return interaction

    def _commands(self, channel: Channel) -> list[Json]:
        scopes = ["", *([channel.guild.id] if channel.guild else [])]
        return [one for scope in scopes for one in self.server.commands.get(scope, [])]

    def _insist_it_is_shown(self, command: Json, channel: Channel) -> None:
        """Raise AssertionError for a command that this person's client would not offer."""
        contexts = command.get("contexts")
        context = 0 if channel.guild else 1
        assert contexts is None or context in contexts, f"/{command['name']} is not for here"
        needed = command.get("default_member_permissions")
        if channel.guild is None or needed is None:
            return
        allowed = in_channel(channel.guild.members[self.id], channel.guild, channel)
        shown = Permission(int(needed)) in allowed if int(needed) else False
        assert shown, f"/{command['name']} is not shown to {user_json(self.user)['username']}"
