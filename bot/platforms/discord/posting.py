"""Single calls to Discord about messages: send, edit, delete, look for our own, show typing.

Says which mentions ping, and what a message refers to; what is said, and when, is not known here.
"""

import io
import logging
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord

from bot.errors import PlatformError, PlatformUnavailable
from bot.messages import ConversationKey
from bot.platforms.discord.channels import may_read
from bot.platforms.discord.fetching import messages
from bot.platforms.discord.keys import guild_id, place_id, snowflake_before
from bot.platforms.discord.parts import Part
from bot.platforms.discord.refusals import ARCHIVED_THREAD, NO_HISTORY_TO_REPLY
from bot.platforms.discord.trying import DiscordTrying
from bot.platforms.trying import Gone

logger = logging.getLogger(__name__)

MAX_DELETED = 10_000  # ids that are remembered, about 1 MB
MAX_HISTORY = 1000  # messages that are looked at for our own: ten requests, where much was said
CLOCK_MARGIN = timedelta(seconds=5)  # our clock may be as much ahead of Discord's


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of ours as it stands in the channel. `reply_to` is None where it refers to none.

    `command_id` names the interaction that it answers, None for an ordinary message.
    """

    id: str
    text: str
    reply_to: str | None
    has_file: bool
    is_silent: bool
    command_id: str | None = None

    @property
    def sent_at(self) -> datetime:
        """When Discord took it."""
        return discord.utils.snowflake_time(int(self.id))

    def shows(self, part: Part) -> bool:
        """Tell whether it shows this part. Discord itself strips the text at both ends."""
        return self.text.strip() == part.text.strip() and self.has_file == bool(part.file_name)


class Poster:
    """Sends, edits, deletes. Every method raises PlatformError, as `Trying` does."""

    def __init__(self, trying: DiscordTrying) -> None:
        self.trying = trying
        self._deleted: OrderedDict[str, None] = OrderedDict()

    def deletes(self, message_id: str) -> bool:
        """Tell whether it is we who delete a message, or did so a while ago."""
        return message_id in self._deleted

    async def send(  # noqa: PLR0913 - each is a property of the message
        self,
        where: ConversationKey,
        part: Part,
        *,
        nonce: str | None = None,
        reply_to: str | None = None,
        silent: bool = False,
        insist: bool = True,
    ) -> Posted:
        """Post a message; Discord takes one of the same nonce once, and gives what it has.

        Nobody is pinged but the author of `reply_to`. A message that Discord lets nobody refer to,
        as where Earshot may not read the history, is not referred to.
        """
        nonce = nonce or secrets.token_hex(12)
        if reply_to is not None and not reply_to.isdecimal():
            reply_to = None  # a question asked by a command: no message stands there

        async def send(client: discord.Client) -> Posted:
            return _posted(await _send(client, where, part, nonce, reply_to, silent=silent))

        try:
            return await self.trying.tried(send, where, "write", insist=insist)
        except PlatformError as error:
            if reply_to is None or not _is_about_reference(error.__cause__):
                raise
            logger.warning("a reply in %s refers to nothing: %s", where, error)
        return await self.send(where, part, nonce=nonce, silent=silent, insist=insist)

    async def edit(
        self,
        where: ConversationKey,
        message_id: str,
        part: Part,
        *,
        is_reply: bool = False,
        insist: bool = True,
    ) -> None:
        """Give a message another text and file. Raises Gone if somebody deleted it.

        An archived thread is opened where it has to be (`insist`), as a new message would open it.
        """

        async def edit(client: discord.Client) -> None:
            message = _channel(client, where).get_partial_message(int(message_id))
            files = [_file(part)] if part.file_name else []
            mentions = discord.AllowedMentions(
                everyone=False, users=False, roles=False, replied_user=is_reply
            )
            await message.edit(content=part.text, attachments=files, allowed_mentions=mentions)

        try:
            await self.trying.tried(edit, where, "edit its message", insist=insist)
        except PlatformError as error:
            if not (insist and _is_archived(error.__cause__) and await self._opened(where)):
                raise
            await self.trying.tried(edit, where, "edit its message")

    async def _opened(self, where: ConversationKey) -> bool:
        """Take a thread from the archive; False if it is locked."""

        async def open_it(client: discord.Client) -> None:
            await client.http.edit_channel(place_id(where), archived=False)

        try:
            await self.trying.tried(open_it, where, "open the thread")
        except PlatformUnavailable:
            raise
        except PlatformError as error:
            logger.info("a thread stays archived: %s", error)
            return False
        return True

    async def delete(self, where: ConversationKey, message_id: str) -> None:
        """Delete a message of ours; one that is gone already is no error."""

        async def delete(client: discord.Client) -> None:
            await _channel(client, where).get_partial_message(int(message_id)).delete()

        self._deletes(message_id)  # noted first: Discord tells of it before it answers
        try:
            await self.trying.tried(delete, where, "delete its message")
        except Gone:
            logger.debug("message %s in %s was gone already", message_id, where)
        except PlatformUnavailable:  # it may have arrived
            raise
        except PlatformError:
            self._deleted.pop(message_id, None)
            raise

    def _deletes(self, message_id: str) -> None:
        self._deleted[message_id] = None
        if len(self._deleted) > MAX_DELETED:
            self._deleted.popitem(last=False)

    async def show_typing(self, where: ConversationKey) -> None:
        """Show for ten seconds that something is being written; tried once."""

        async def show(client: discord.Client) -> None:
            await _channel(client, where).typing()

        await self.trying.tried(show, where, "show that it is typing", insist=False)

    async def may_look(self, where: ConversationKey) -> bool:
        """Tell whether Discord shows us what was said: where not, a channel looks empty."""

        async def look(client: discord.Client) -> bool:
            return may_read(client, where) is not False

        return await self.trying.tried(look, where, "see its rights")

    async def own_since(self, where: ConversationKey, moment: datetime) -> list[Posted]:
        """Find the messages of ours in a conversation since a moment, oldest first.

        Where Discord shows only that we are thinking, no message stands yet.
        """

        async def look(client: discord.Client) -> list[Posted]:
            after = snowflake_before(moment - CLOCK_MARGIN)
            history = await messages(
                client, _channel(client, where), after=after, limit=MAX_HISTORY
            )
            return [
                _posted(message)
                for message in history
                if client.user is not None
                and message.author.id == client.user.id
                and not message.flags.loading
            ]

        return await self.trying.tried(look, where, "read the history")


def _channel(client: discord.Client, where: ConversationKey) -> discord.PartialMessageable:
    return client.get_partial_messageable(place_id(where), guild_id=guild_id(where))


async def _send(  # noqa: PLR0913 - each is a property of the message
    client: discord.Client,
    where: ConversationKey,
    part: Part,
    nonce: str,
    reply_to: str | None,
    *,
    silent: bool,
) -> discord.Message:
    """Call discord.py; it adds `enforce_nonce` wherever a nonce is given."""
    channel = _channel(client, where)
    files = [_file(part)] if part.file_name else []
    reference: dict[str, Any] = {}
    if reply_to is not None:
        reference = {
            "reference": discord.MessageReference(
                message_id=int(reply_to),
                channel_id=channel.id,
                guild_id=channel.guild_id,
                fail_if_not_exists=False,
            ),
            "mention_author": True,
        }
    return await channel.send(
        part.text,
        files=files,
        nonce=nonce,
        suppress_embeds=True,
        silent=silent,
        allowed_mentions=discord.AllowedMentions.none(),
        **reference,
    )


def _is_about_reference(error: BaseException | None) -> bool:
    if not isinstance(error, discord.HTTPException):
        return False
    return error.code == NO_HISTORY_TO_REPLY or "message_reference" in error.text


def _is_archived(error: BaseException | None) -> bool:
    return isinstance(error, discord.HTTPException) and error.code == ARCHIVED_THREAD


def _file(part: Part) -> discord.File:
    return discord.File(io.BytesIO(part.file_content.encode()), filename=part.file_name)


def _posted(message: discord.Message) -> Posted:
    reference = message.reference
    is_reply = reference is not None and reference.message_id is not None
    given = message.interaction_metadata
    return Posted(
        str(message.id),
        message.content,
        str(reference.message_id) if reference is not None and is_reply else None,
        has_file=bool(message.attachments),
        is_silent=message.flags.suppress_notifications,
        command_id=None if given is None else str(given.id),
    )
