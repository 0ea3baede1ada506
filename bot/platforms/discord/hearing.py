"""From Discord's messages to ours: who said what where, and whether to the assistant.

Knows discord.py's messages and the bot's. Asks `Kept` for what a payload does not tell, and a
`Reader` for the words of text files; keeps nothing itself. What is not said by somebody else, such
as a join, a pin or the assistant's own words, is not heard.
"""

import logging
from dataclasses import dataclass, replace

import discord

from bot.messages import Author, ConversationKey, Message, workspace_key
from bot.platforms.discord.describing import described, words_of
from bot.platforms.discord.keys import DIRECT, PLATFORM, conversation_of, workspace_of
from bot.platforms.discord.mentions import Names, people_in, readable, roles_in
from bot.platforms.discord.naming import NOTHING_KEPT, Kept, author_of, names_in, own_role_ids
from bot.platforms.discord.reading import Reader, unread
from bot.platforms.edits import Edited

logger = logging.getLogger(__name__)

SAID = frozenset({
    discord.MessageType.default,
    discord.MessageType.reply,
    discord.MessageType.chat_input_command,
    discord.MessageType.context_menu_command,
})  # fmt: skip
THREAD = "Thread"  # who tells the model what a thread is about, where nobody else does
WORDLESS = "something that cannot be shown here"


@dataclass(frozen=True, slots=True)
class Me:
    """The assistant: its user id on Discord, and the name that mentions of it are shown as.

    Its own role in each server, which Discord gives to every bot, is known by the role's tags.
    """

    user_id: int
    name: str


async def heard(
    message: discord.Message,
    *,
    me: Me,
    reader: Reader,
    kept: Kept = NOTHING_KEPT,
    where: ConversationKey | None = None,
) -> Message | None:
    """Give a message as the bot records it; None for what it does not record.

    `where` is for whoever knows better than the message's channel, which may be a thread that
    discord.py knows only by its id. With text files attached, this waits for the reader. Raises
    what `kept` raises.
    """
    where = where or conversation_of(message.channel)
    if message.type is discord.MessageType.thread_starter_message:
        original = message.reference.resolved if message.reference else None
        if not isinstance(original, discord.Message):
            return None
        channel = replace(where, thread=None)
        if await kept.is_past(channel, str(original.id), original.created_at):
            return None
        return await starter(original, where=where, me=me, reader=reader, kept=kept)
    if not _is_said(message, me):
        return None
    told = await _told(message, where, me=me, reader=reader, kept=kept)
    told = replace(
        told,
        addressed=await _is_addressed(message, where, me=me, kept=kept),
        reply_to=_answered(message),
    )
    if told.text or told.attachments:
        return told
    return replace(told, attachments=(WORDLESS,)) if told.addressed else None


async def starter(
    message: discord.Message,
    *,
    where: ConversationKey,
    me: Me,
    reader: Reader,
    kept: Kept = NOTHING_KEPT,
) -> Message | None:
    """Give the message that a thread was made of, as the first message of that thread.

    `where` is the thread. It has the original's id, so that it is recorded once however often and
    in whatever form Discord shows it; and it addresses nobody, since it did so in the channel. The
    assistant's own words are quoted: they answer nothing in the thread. None for what is not
    recorded.
    """
    if not _is_shown(message):
        return None
    told = await _told(message, where, me=me, reader=reader, kept=kept)
    if not (told.text or told.attachments):
        return None
    return _quoted(told, me) if message.author.id == me.user_id else told


async def edited(
    event: discord.RawMessageUpdateEvent,
    *,
    me: Me,
    kept: Kept = NOTHING_KEPT,
    where: ConversationKey | None = None,
) -> Edited | None:
    """Give what a message says now; None if nothing is new about it, or if it is not recorded.

    Discord sends the same event for previews of its links, which come seconds after it, and for a
    pin, or a thread made of the message. Raises what `kept` raises.
    """
    message = event.message
    is_filled = message.interaction_metadata is not None  # a command's answer, shown empty at first
    is_edited = is_filled or message.edited_at is not None
    if not _is_said(message, me) or not (is_edited or message.embeds):
        return None
    where = where or conversation_of(message.channel)
    names = await names_in(message, where, own=(me.user_id, me.name), kept=kept)
    attachments = await described(
        message,
        reader=unread,
        show=lambda text: readable(text, names),
        withholds=await _withholds(message, kept),
    )
    at = message.edited_at or message.created_at
    return Edited(_text(message, names), attachments, at, by_author=is_edited)


def _is_said(message: discord.Message, me: Me) -> bool:
    """Tell whether somebody else says this, to everybody, and has finished saying it."""
    return _is_shown(message) and message.author.id != me.user_id


def _is_shown(message: discord.Message) -> bool:
    """Tell whether these are whole words of somebody that everybody sees."""
    if not _is_whole(message):
        logger.warning("message %d is not heard: its payload lacks parts", message.id)
        return False
    return message.type in SAID and not (message.flags.ephemeral or message.flags.loading)


def _is_whole(message: discord.Message) -> bool:
    """Tell whether a payload had what every message has; discord.py leaves unset what it lacks."""
    return hasattr(message, "author") and hasattr(message, "mentions")


async def _told(
    message: discord.Message, where: ConversationKey, *, me: Me, reader: Reader, kept: Kept
) -> Message:
    names = await names_in(message, where, own=(me.user_id, me.name), kept=kept)
    author = await author_of(message, where, kept)
    if _has_files(message) and not await kept.keeps(where, author.id, said_at=message.created_at):
        reader = unread
    return Message(
        conversation=where,
        id=str(message.id),
        author=author,
        text=_text(message, names),
        sent_at=message.created_at,
        attachments=await described(
            message,
            reader=reader,
            show=lambda text: readable(text, names),
            withholds=await _withholds(message, kept),
        ),
    )


async def _withholds(message: discord.Message, kept: Kept) -> bool:
    """Tell whether a message forwards words that are kept no more where they were said.

    Discord does not tell whose they are: the history does, if they were heard.
    """
    forwarded = message.reference if message.message_snapshots else None
    if forwarded is None or forwarded.message_id is None:
        return False
    there = workspace_key(PLATFORM, workspace_of(forwarded.guild_id))
    return await kept.is_wiped(there, str(forwarded.message_id))


def _has_files(message: discord.Message) -> bool:
    """Tell whether files come with a message, its own or with words that it forwards."""
    return any([message.attachments, *(said.attachments for said in message.message_snapshots)])


def _quoted(told: Message, me: Me) -> Message:
    """Let nobody in particular say what the assistant said: it answers no burst there."""
    author = Author(f"thread:{told.conversation.thread}", THREAD, is_bot=True)
    return replace(told, author=author, text=f'started from what {me.name} said: "{told.text}"')


def _text(message: discord.Message, names: Names) -> str:
    """Give the words; before the first message of a forum post stands the post's title."""
    text = readable(words_of(message), names)
    thread = message.channel
    if not isinstance(thread, discord.Thread) or thread.id != message.id:
        return text
    is_post = isinstance(thread.parent, discord.ForumChannel)
    return f"Title: {thread.name}\n{text}".rstrip() if is_post else text


async def _is_addressed(
    message: discord.Message, where: ConversationKey, *, me: Me, kept: Kept
) -> bool:
    """Tell whether a message is said to the assistant. @everyone is not: it is one of many there."""
    is_private = where.workspace == DIRECT
    if is_private and not isinstance(message.channel, discord.GroupChannel):
        return True
    text = words_of(message)
    if me.user_id in people_in(text) or any(user.id == me.user_id for user in message.mentions):
        return True
    if own_role_ids(message.guild, me.user_id) & roles_in(text):
        return True
    return await _answers_me(message, where, me=me, kept=kept)


async def _answers_me(
    message: discord.Message, where: ConversationKey, *, me: Me, kept: Kept
) -> bool:
    answered = _answered(message)
    if answered is None or message.reference is None:
        return False
    original = message.reference.resolved
    if isinstance(original, discord.Message) and _is_whole(original):
        return original.author.id == me.user_id
    return await kept.is_ours(where, answered)


def _answered(message: discord.Message) -> str | None:
    """Give the id of the message this one answers; forwards and followed channels answer none."""
    reference = message.reference
    if reference is None or reference.message_id is None:
        return None
    is_here = reference.channel_id == message.channel.id
    is_reply = reference.type is discord.MessageReferenceType.default
    return str(reference.message_id) if is_here and is_reply else None
