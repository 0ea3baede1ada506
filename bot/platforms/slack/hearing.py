"""From Slack's messages to ours: who said what where, and whether to the assistant.

A message is addressed to the assistant if its words mention it, whichever event brought it; in the
thread that hangs on a message of the assistant's, unless its words mention somebody else instead; and
wherever nobody else listens: in direct chats, which the assistant view is one of. What is not said
by somebody else, such as a join, a pin or the assistant's own words, is not heard. Payloads of any
shape go in; one that lacks what a message needs is not heard either.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.messages import Author, ConversationKey, Message
from bot.platforms.slack.blocks import worded
from bot.platforms.slack.describing import described, forwarded, forwarded_from
from bot.platforms.slack.files import Reader, clipped, unread
from bot.platforms.slack.keys import channel_key, is_direct, is_ts, sent_at
from bot.platforms.slack.lenient import Payload, is_set, part_of, parts_of, text_in
from bot.platforms.slack.naming import People, author_of
from bot.platforms.slack.reading import Names, mentioned, readable
from bot.platforms.slack.teams import Team

logger = logging.getLogger(__name__)

CHANGED, DELETED, TOMBSTONE = "message_changed", "message_deleted", "tombstone"
SPOKEN_OF_ONESELF = "me_message"
BROADCAST = "thread_broadcast"  # a reply that was sent to the channel, too
MENTION = "app_mention"
JOINS = frozenset({"channel_join", "group_join"})
# What Slack itself tells of a place, in the form of a message. What is not in here and has words of
# somebody is heard, also of kinds that Slack has yet to think of.
# From https://docs.slack.dev/reference/events/message#subtypes.
NOT_SAID = frozenset({
    CHANGED, DELETED, TOMBSTONE, "message_replied", "reply_broadcast",
    "app_conversation_join", "app_conversation_leave", "assistant_app_thread",
    "bot_add", "bot_disable", "bot_enable", "bot_remove", "ekm_access_denied", "file_mention",
    "huddle_thread", "joiner_notification", "joiner_notification_for_inviter", "pinned_item",
    "reminder_add", "reminder_delete", "sh_room_created", "sh_room_shared",
    "tabbed_canvas_updated", "unpinned_item",
})  # fmt: skip
NOT_SAID_OF = ("channel_", "group_")  # joins, topics, names, archives, canvases
WORDLESS = "something that cannot be shown here"
MAX_APP_CHARS = 4000  # of the words in an app's blocks, of which it may send fifty


def place(event: Payload, team_id: str) -> ConversationKey | None:
    """Give the conversation that a message belongs to: a thread if it stands in one, the channel else.

    Of a change or a deletion, that of the message it is about. None where no channel is named.
    """
    channel_id = text_in(event, "channel")
    if not channel_id or not team_id:
        return None
    said = _about(event)
    ts, thread_ts = text_in(said, "ts"), text_in(said, "thread_ts")
    is_in_thread = is_ts(thread_ts) and thread_ts != ts  # what a thread hangs on is in the channel
    return channel_key(team_id, channel_id, thread_ts=thread_ts if is_in_thread else None)


async def heard(
    event: Payload, where: ConversationKey, *, team: Team, people: People, reader: Reader
) -> Message | None:
    """Give a message as the bot records it; None for what it does not record.

    `event` is of the type message or app_mention, which give the same; a mention that came with an
    edit is left to the event of the edit. This waits for Slack where people are to be looked up,
    two seconds at most, and some more where files are attached. Raises StoreError.
    """
    said_at = moment(event)
    if not is_said(event, team) or _is_only_edited(event):
        return None
    author, names = await asyncio.gather(
        author_of(event, team, people), names_in(event, team, people)
    )
    if author is None or said_at is None:
        logger.warning("a message in %s is not heard: its payload lacks parts", where)
        return None
    if parts_of(event, "files") and await _is_withheld(event, author, said_at, team, people):
        reader = unread
    message = Message(
        conversation=where,
        id=text_in(event, "ts"),
        author=author,
        text=words(event, names),
        sent_at=said_at,
        addressed=is_addressed(event, where, team),
        attachments=await described(event, names, team=team, reader=reader),
    )
    if message.text or message.attachments:
        return message
    return replace(message, attachments=(WORDLESS,)) if message.addressed else None


async def heard_again(
    message: Payload, where: ConversationKey, *, team: Team, people: People
) -> Message | None:
    """Give a message that Slack's history tells of, as `heard` does; its files are not read."""
    return await heard(message, where, team=team, people=people, reader=unread)


def is_said(message: Payload, team: Team) -> bool:
    """Tell whether somebody else says this, to everybody."""
    subtype = text_in(message, "subtype")
    if subtype in NOT_SAID or subtype.startswith(NOT_SAID_OF):
        return False
    return not (is_ours(message, team) or is_set(message, "is_ephemeral"))


def own_joins(messages: Sequence[Payload], team: Team) -> list[str]:
    """Give the time stamps of those messages in which Slack says that the assistant came in."""
    return [
        text_in(each, "ts")
        for each in messages
        if text_in(each, "subtype") in JOINS and text_in(each, "user") == team.user_id
    ]


def is_ours(message: Payload, team: Team) -> bool:
    """Tell the assistant's own words, in whatever form it said them."""
    app_id = text_in(message, "app_id") or text_in(part_of(message, "bot_profile"), "app_id")
    said_by = (text_in(message, "user"), text_in(message, "bot_id"), app_id)
    own = (team.user_id, team.bot_id, team.app_id)
    return any(mine and mine == theirs for mine, theirs in zip(own, said_by, strict=True))


def is_addressed(message: Payload, where: ConversationKey, team: Team) -> bool:
    """Tell whether a message is said to the assistant. @here is not: it is one of many there."""
    if is_direct(where.channel) or text_in(message, "type") == MENTION:
        return True
    people = mentioned(message.get("text"), message.get("blocks")).people
    return team.user_id in people or is_below_ours(message, where, team)


def is_below_ours(message: Payload, where: ConversationKey, team: Team) -> bool:
    """Tell whether a message stands in the thread below our own words, and calls for nobody else."""
    hangs_on_ours = where.thread is not None and text_in(message, "parent_user_id") == team.user_id
    found = mentioned(message.get("text"), message.get("blocks"))
    return hangs_on_ours and not (found.people or found.groups)


def words(message: Payload, names: Names) -> str:
    """Give the words of a message as people see them: those of its blocks, if they have any."""
    text = worded(parts_of(message, "blocks"), names)
    if text and text_in(message, "bot_id"):
        text = clipped(text, MAX_APP_CHARS)
    text = (text or readable(text_in(message, "text"), names)).strip()
    return f"_{text}_" if text and text_in(message, "subtype") == SPOKEN_OF_ONESELF else text


async def names_in(message: Payload, team: Team, people: People) -> Names:
    """Find the names of everybody and everything that a message mentions. Raises StoreError.

    Also whose words it forwards that are not to be kept.
    """
    said = (message.get(key) for key in ("text", "blocks", "attachments"))
    names = await people.names(team, mentioned(*said))
    said_at = {forwarded_from(each): moment(each) for each in forwarded(message)}
    return replace(names, withheld=await people.withheld(team, said_at))


def moment(message: Payload) -> datetime | None:
    """Give the time at which a message was sent; None where its id is none of Slack's."""
    ts = text_in(message, "ts")
    try:
        return sent_at(ts) if is_ts(ts) else None
    except OverflowError:
        return None


async def _is_withheld(
    message: Payload, author: Author, said_at: datetime, team: Team, people: People
) -> bool:
    """Tell whether somebody wants nothing kept of a message of theirs."""
    return bool(await people.withheld(team, {(author.id, text_in(message, "ts")): said_at}))


def _is_only_edited(event: Payload) -> bool:
    """Tell a mention that an edit brought about: the message was said before, perhaps to others."""
    return text_in(event, "type") == MENTION and bool(part_of(event, "edited"))


def _about(event: Payload) -> Payload:
    match text_in(event, "subtype"):
        case "message_changed" | "message_replied":
            return part_of(event, "message")
        case "message_deleted":
            return part_of(event, "previous_message")
        case _:
            return event
