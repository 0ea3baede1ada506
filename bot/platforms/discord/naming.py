"""Who is who in Discord's messages: the author of one, and the names of those it mentions.

Knows discord.py's messages, and asks `Kept` for the names that a payload does not tell: only what
comes over the gateway carries nicknames, what is fetched later does not.
"""

from datetime import datetime
from typing import Protocol

import discord

from bot.messages import Author, ConversationKey
from bot.platforms.discord.describing import words_of
from bot.platforms.discord.keys import DIRECT
from bot.platforms.discord.mentions import Names, people_in


class Kept(Protocol):
    """What was heard before; asked only for what a payload does not tell."""

    async def name_of(self, where: ConversationKey, author_id: str) -> str | None:
        """Give the last name seen of a person, None if never seen there."""
        ...

    async def keeps(
        self, where: ConversationKey, author_id: str, *, said_at: datetime | None
    ) -> bool:
        """Tell whether a person wants kept what they said there at a time."""
        ...

    async def is_wiped(self, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message of a workspace was deleted, or is kept without its words."""
        ...

    async def is_ours(self, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message is the assistant's own."""
        ...

    async def is_past(self, where: ConversationKey, message_id: str, sent_at: datetime) -> bool:
        """Tell whether a message must not be heard now: it was forgotten, or never to be heard."""
        ...


class NothingKept:
    """Knows nothing of what was heard before."""

    async def name_of(self, where: ConversationKey, author_id: str) -> str | None:
        """Know nobody."""
        return None

    async def keeps(
        self, where: ConversationKey, author_id: str, *, said_at: datetime | None
    ) -> bool:
        """Know nobody who does not."""
        return True

    async def is_wiped(self, where: ConversationKey, message_id: str) -> bool:
        """Know no message."""
        return False

    async def is_ours(self, where: ConversationKey, message_id: str) -> bool:
        """Know no message."""
        return False

    async def is_past(self, where: ConversationKey, message_id: str, sent_at: datetime) -> bool:
        """Know nothing that was forgotten."""
        return False


NOTHING_KEPT = NothingKept()


async def author_of(message: discord.Message, where: ConversationKey, kept: Kept) -> Author:
    """Name who speaks. People whom one webhook relays stay apart by their names."""
    author = message.author
    if _is_relayed(message):
        return Author(f"webhook:{author.id}:{author.name}", author.name, is_bot=True)
    name = await _name_of(author, where, kept)
    return Author(str(author.id), name, is_bot=author.bot or author.system)


async def names_in(
    message: discord.Message, where: ConversationKey, *, own: tuple[int, str], kept: Kept
) -> Names:
    """Find the names of everybody and everything that a message mentions.

    `own` is the assistant's user id and the name it goes by, in every server and whatever its
    nickname there.
    """
    user_id, own_name = own
    guild = message.guild
    people = {user_id: own_name}
    for person in message.mentions:
        if person.id not in people:
            people[person.id] = await _name_of(person, where, kept)
    for mentioned in _mentioned_anywhere(message) - people.keys():
        member = guild.get_member(mentioned) if guild else None
        name = member.display_name if member else await kept.name_of(where, str(mentioned))
        people[mentioned] = name or ""
    roles = {role.id: role.name for role in guild.roles} if guild else {}
    roles |= dict.fromkeys(own_role_ids(guild, user_id), own_name)
    return Names(person=people.get, role=roles.get, channel=lambda id: _channel_name(guild, id))


def own_role_ids(guild: discord.Guild | None, user_id: int) -> frozenset[int]:
    """Give the roles whose mention means this bot: the ones Discord made for it."""
    roles = guild.roles if guild else ()
    return frozenset(role.id for role in roles if role.tags and role.tags.bot_id == user_id)


def _is_relayed(message: discord.Message) -> bool:
    """Tell a webhook's message from a command's answer, which has its application as webhook."""
    return message.webhook_id is not None and message.webhook_id != message.application_id


async def _name_of(
    person: discord.User | discord.Member, where: ConversationKey, kept: Kept
) -> str:
    """Give the name that people see; without membership, there may be another in the server."""
    if isinstance(person, discord.Member) or where.workspace == DIRECT:
        return person.display_name
    return await kept.name_of(where, str(person.id)) or person.display_name


def _mentioned_anywhere(message: discord.Message) -> frozenset[int]:
    texts = [words_of(message)]
    texts += (words_of(said) for said in message.message_snapshots)
    texts += (embed.description or "" for embed in message.embeds)
    return frozenset[int]().union(*map(people_in, texts))


def _channel_name(guild: discord.Guild | None, channel_id: int) -> str | None:
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    return channel.name if channel else None
