"""What Slack tells of messages that changed: which were edited, and which are gone.

Slack sends the same event for an edit, for the preview of a link, for a reply in the thread below
and for a message that is gone while its thread stays.
"""

from dataclasses import replace

from bot.platforms.edits import Edited
from bot.platforms.slack.describing import described, is_preview
from bot.platforms.slack.files import unread
from bot.platforms.slack.hearing import (
    CHANGED,
    DELETED,
    TOMBSTONE,
    is_said,
    moment,
    names_in,
    words,
)
from bot.platforms.slack.lenient import Payload, part_of, parts_of, text_in
from bot.platforms.slack.naming import People
from bot.platforms.slack.teams import Team


async def edited(event: Payload, *, team: Team, people: People) -> Edited | None:
    """Give what a message says now; None if nobody edited it, or if it is not recorded."""
    now, before = part_of(event, "message"), part_of(event, "previous_message")
    if text_in(event, "subtype") != CHANGED or not is_said(now, team) or moment(now) is None:
        return None
    if before and _content(now) == _content(before):
        return None
    told = await now_said(now, team=team, people=people)
    return replace(told, at=moment(event) or told.at)


async def now_said(message: Payload, *, team: Team, people: People) -> Edited:
    """Give what a message says, also one that Slack's history tells of; its files are not read."""
    names = await names_in(message, team, people)
    attachments = await described(message, names, team=team, reader=unread)
    at = moment(part_of(message, "edited"))
    return Edited(words(message, names), attachments, at)


def edited_id(event: Payload) -> str:
    """Give the id of the message that an edit is about; "" where it is not told."""
    return text_in(part_of(event, "message"), "ts")


def deleted_id(event: Payload) -> str | None:
    """Give the id of the message that is gone; None where the event tells of none.

    A message with a thread below it leaves a tombstone, and that comes as an edit.
    """
    now = part_of(event, "message")
    if text_in(event, "subtype") == CHANGED and text_in(now, "subtype") == TOMBSTONE:
        return text_in(now, "ts") or None
    if text_in(event, "subtype") != DELETED:
        return None
    return text_in(event, "deleted_ts") or text_in(part_of(event, "previous_message"), "ts") or None


def _content(message: Payload) -> tuple[object, ...]:
    """Give what people can edit; previews of links come and go by themselves."""
    cards = [each for each in parts_of(message, "attachments") if not is_preview(each)]
    files = [(text_in(each, "id"), text_in(each, "mode")) for each in parts_of(message, "files")]
    return text_in(message, "text"), parts_of(message, "blocks"), cards, files
