"""The rows of messages as the rest of the bot sees them."""

from typing import Any

from sqlalchemy import Select, select

from bot.messages import Author, Entry
from bot.store.tables import AnyRow, messages, speakers


def entries() -> Select[tuple[Any, ...]]:
    """Begin a query for `entry` to read."""
    return select(messages, speakers.c.author_id, speakers.c.name, speakers.c.is_bot).join_from(
        messages, speakers
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
    )
