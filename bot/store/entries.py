"""The rows of messages as the rest of the bot sees them."""

from typing import Any

from sqlalchemy import Select, and_, not_, select

from bot.messages import ASKED, Author, Entry
from bot.store.tables import AnyRow, messages, speakers

_quoted = messages.alias("quoted")
# Looked up each time, so that it goes with the message it was taken from.
_IS_QUOTED = and_(
    messages.c.platform_id.startswith(ASKED),
    _quoted.c.conversation_id == messages.c.conversation_id,
    _quoted.c.platform_id == messages.c.reply_to,
    not_(_quoted.c.deleted),
    not_(_quoted.c.hidden),
)


def entries() -> Select[tuple[Any, ...]]:
    """Begin a query for `entry` to read."""
    return (
        select(
            messages,
            speakers.c.author_id,
            speakers.c.name,
            speakers.c.is_bot,
            _quoted.c.text.label("quoted"),
            _quoted.c.attachments.label("quoted_attachments"),
        )
        .join_from(messages, speakers)
        .outerjoin(_quoted, _IS_QUOTED)
    )


def entry(row: AnyRow) -> Entry:
    """Read one message of `entries`."""
    return Entry(
        row=row.id,
        id=row.platform_id,
        author=Author(row.author_id, row.name, row.is_bot),
        text=row.text,
        sent_at=row.sent_at,
        addressed=row.addressed,
        reply_to=row.reply_to,
        attachments=tuple(row.attachments),
        decision_id=row.decision_id,
        from_assistant=row.from_assistant,
        edited=row.edited,
        deleted=row.deleted,
        hidden=row.hidden,
        quoted=row.quoted or "",
        quoted_attachments=tuple(row.quoted_attachments or ()),
    )
