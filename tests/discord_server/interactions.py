"""Interactions: what people do with commands, buttons and forms, and what the bot makes of it."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from tests.discord_server.message_views import message_json
from tests.discord_server.permissions import TALK, in_channel
from tests.discord_server.views import channel_json, interacting_member_json, user_json
from tests.discord_server.world import Channel, Json, Message, User

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer

IN_GUILD, IN_BOT_DM = 0, 1
MAX_FILE_BYTES = 10 * 2**20


class InteractionType(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    """The first answer of the bot."""

    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(eq=False)
class Interaction:
    """`original` is the message of the first answer, `message` the one whose button was pressed."""

    id: str
    token: str
    type: InteractionType
    user: User
    channel: Channel
    data: Json
    locale: str
    born_s: float
    message: Message | None = None
    acknowledged: Callback | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None
    settled: bool = False

    @property
    def text(self) -> str:
        """What the answer says."""
        assert self.original is not None, "the bot gave no message"
        return self.original.content

    @property
    def ephemeral(self) -> bool:
        """Whether only the one who asked sees the answer."""
        assert self.original is not None, "the bot gave no message"
        return self.original.ephemeral

    @property
    def deferred(self) -> bool:
        """Whether the bot first said that it is thinking."""
        return self.acknowledged in (Callback.DEFER, Callback.DEFER_UPDATE)

    @property
    def messages(self) -> list[Message]:
        """Give the answer and all that followed."""
        return [*([self.original] if self.original else []), *self.followups]


def interact(server: "DiscordServer", interaction: Interaction) -> Interaction:
    """Tell the bot of an interaction."""
    server.interactions[interaction.token] = interaction
    guild = interaction.channel.guild
    server.gateway.emit("INTERACTION_CREATE", _payload(server, interaction), guild=guild)
    return interaction


def _payload(server: "DiscordServer", interaction: Interaction) -> Json:
    payload = {
        "id": interaction.id,
        "application_id": server.application_id,
        "type": int(interaction.type),
        "token": interaction.token,
        "version": 1,
        "channel_id": interaction.channel.id,
        "data": interaction.data,
        "locale": interaction.locale,
        "entitlements": [],
        "attachment_size_limit": MAX_FILE_BYTES,
        **_place(server, interaction),
    }
    if interaction.message is not None:
        shown = message_json(interaction.message, reader=server.bot, has_content=True)
        payload["message"] = shown
    return payload


def _place(server: "DiscordServer", interaction: Interaction) -> Json:
    channel, guild = interaction.channel, interaction.channel.guild
    if guild is None:
        return {
            "channel": channel_json(channel),
            "user": user_json(interaction.user),
            "app_permissions": str(int(TALK)),
            "authorizing_integration_owners": {"0": "0"},
            "context": IN_BOT_DM,
        }
    member, bot = guild.members[interaction.user.id], guild.members[server.bot.id]
    allowed = str(int(in_channel(member, guild, channel)))
    return {
        "guild_id": guild.id,
        "guild": {"id": guild.id, "locale": guild.locale, "features": []},
        "guild_locale": guild.locale,
        "channel": {**channel_json(channel), "permissions": allowed},
        "member": interacting_member_json(member, guild, channel),
        "app_permissions": str(int(in_channel(bot, guild, channel))),
        "authorizing_integration_owners": {"0": guild.id},
        "context": IN_GUILD,
    }
