"""What Discord should not send but a client has to live through."""

from typing import TYPE_CHECKING

from tests.discord_server.message_views import message_json
from tests.discord_server.people import Person
from tests.discord_server.views import member_json, roles_json
from tests.discord_server.world import Channel, Json, Message, User

if TYPE_CHECKING:
    from tests.discord_server.server import DiscordServer


def poison(server: "DiscordServer", channel: Channel, person: Person) -> None:
    """Send a message whose roles are objects instead of ids: discord.py cannot parse it."""
    message = Message(server.ids.next(), channel, person.user, "hello", server.clock.now())
    member = person.guild.members[person.id]
    shown: Json = {
        **message_json(message, reader=server.bot, has_content=True),
        "guild_id": person.guild.id,
        "member": {**member_json(member), "roles": roles_json(person.guild)},
    }
    server.gateway.emit_raw("MESSAGE_CREATE", shown)


def webhook_says(server: "DiscordServer", channel: Channel, name: str, text: str) -> Message:
    """Let a webhook post under some name, as bridges and relays do."""
    webhook_id = server.ids.next()
    author = User(webhook_id, name, None, bot=True)
    message = Message(server.ids.next(), channel, author, text, server.clock.now())
    message.webhook_id = webhook_id
    return server.acts.post(message)


def odd_message(person: Person, channel: Channel, **extra: object) -> Message:
    """Let somebody post what has no text, such as `sticker_items=[...]` or `type=7`."""
    server = person.server
    message = Message(server.ids.next(), channel, person.user, "", server.clock.now())
    message.extra = dict(extra)
    return server.acts.post(message)


def show_preview(server: "DiscordServer", message: Message) -> None:
    """Let the preview of a link appear in a message: an update that is no edit."""
    message.embeds = [{"type": "link", "url": "https://example.com", "title": "Example"}]
    server.acts.tell_message("MESSAGE_UPDATE", message)
