"""Edits and deletions: of a message where it was said, and of its copy in a thread, or its original."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Text, and_, cast, not_, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey
from bot.store.conversations import id_at, in_channel, is_at
from bot.store.tables import conversations, messages, storable


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a message, and of which it does."""

    values: Mapping[str, object]
    allowed: ColumnElement[bool]


def edited(
    text: str, *, at: datetime, attachments: Sequence[str] | None, by_author: bool
) -> Change:
    """Replace the text, and the attachments if given, of a message that has others."""
    values: dict[str, object] = {"text": text, "changed_at": at}
    if by_author:
        values["edited"] = True
    is_other = messages.c.text != text
    if attachments is not None:
        left = [storable(each) for each in attachments]
        values["attachments"] = left
        # As the text it is kept as: PostgreSQL cannot compare JSON.
        is_other |= cast(messages.c.attachments, Text) != json.dumps(left)
    is_newer = or_(messages.c.changed_at.is_(None), messages.c.changed_at <= at)
    return Change(values, and_(is_other, not_(messages.c.hidden), is_newer))


def deleted(at: datetime) -> Change:
    """Take away the text and the attachments."""
    return Change({"text": "", "attachments": [], "deleted": True, "changed_at": at}, true())


async def change(
    connection: AsyncConnection, where: ConversationKey, message_id: str, to: Change
) -> bool:
    """Change a message where it stands and where its original or copy does; False: neither."""
    is_it = and_(messages.c.platform_id == message_id, not_(messages.c.deleted))
    changes = update(messages).where(is_it, to.allowed).values(to.values)
    own = await connection.execute(changes.where(messages.c.conversation_id == id_at(where)))
    # Looked up after that: whoever copied the message just now has held it, and is done.
    elsewhere = list(await connection.scalars(_other_places(where, message_id)))
    if not elsewhere:
        return own.rowcount > 0
    other = await connection.execute(changes.where(messages.c.conversation_id.in_(elsewhere)))
    return own.rowcount + other.rowcount > 0


def _other_places(where: ConversationKey, message_id: str) -> Select[tuple[int]]:
    """Look up the conversations in which a message stands as well, as the original or as a copy."""
    channel = replace(where, thread=None)
    answered = select(messages.c.reply_to).where(
        messages.c.conversation_id == id_at(channel),
        messages.c.platform_id == message_id,
        messages.c.from_assistant,
    )
    hangs_on = or_(
        conversations.c.thread == message_id,
        conversations.c.thread == answered.scalar_subquery(),
    )
    if where.thread is None:
        return select(conversations.c.id).where(in_channel(where), hangs_on)
    if where.thread == message_id:
        return select(conversations.c.id).where(is_at(channel))
    is_ours = answered.where(messages.c.reply_to == where.thread).exists()
    return select(conversations.c.id).where(is_at(channel), is_ours)
