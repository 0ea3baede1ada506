"""Forgetting on purpose: a whole conversation, or what is older than its channel keeps it."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey
from bot.store.channels import inherited
from bot.store.conversations import id_at
from bot.store.tables import conversations, decisions, messages, outbox


async def clear_conversation(connection: AsyncConnection, where: ConversationKey) -> int:
    """Delete all of a conversation but its name; give the number of messages."""
    here = id_at(where)
    await connection.execute(delete(outbox).where(outbox.c.conversation_id == here))
    removed = await connection.execute(delete(messages).where(messages.c.conversation_id == here))
    await connection.execute(delete(decisions).where(decisions.c.conversation_id == here))
    await connection.execute(
        update(conversations).where(conversations.c.id == here).values(window_row=0)
    )
    return removed.rowcount


async def purge_channels(connection: AsyncConnection, now: datetime) -> int:
    """Delete what is older than its channel keeps it; give the number of messages.

    A channel that chose nothing keeps it as long as its workspace says, or for ever.
    """
    days = inherited("retention_days")
    lengths = await connection.scalars(
        select(days).select_from(conversations).distinct().where(days > 0)
    )
    num_removed = 0
    for length in lengths.all():
        here = select(conversations.c.id).where(days == length)
        num_removed += await _delete_older(connection, here, now - timedelta(days=length))
    return num_removed


async def _delete_older(
    connection: AsyncConnection, here: Select[tuple[int]], before: datetime
) -> int:
    await connection.execute(
        delete(outbox).where(outbox.c.conversation_id.in_(here), outbox.c.created_at < before)
    )
    removed = await connection.execute(
        delete(messages).where(messages.c.conversation_id.in_(here), messages.c.sent_at < before)
    )
    await connection.execute(
        delete(decisions).where(
            decisions.c.conversation_id.in_(here), decisions.c.decided_at < before, _is_unused()
        )
    )
    return removed.rowcount


def _is_unused() -> ColumnElement[bool]:
    # A message that loses its decision would wait for another one.
    by_message = select(messages.c.id).where(messages.c.decision_id == decisions.c.id)
    by_reply = select(outbox.c.key).where(outbox.c.decision_id == decisions.c.id)
    return ~by_message.exists() & ~by_reply.exists()
