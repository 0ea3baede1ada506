"""Forgetting on purpose: whole conversations, or what is older than its channel keeps it."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.channels import inherited
from bot.store.conversations import hold
from bot.store.hearing import mark_removed
from bot.store.tables import conversations, decisions, messages, outbox


async def clear_conversations(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    """Delete all of the conversations but their names; give the number of messages.

    What was said there before is not heard again.
    """
    await hold(connection, which, alone=True)
    here = select(conversations.c.id).where(which)
    theirs = messages.c.conversation_id.in_(here)
    await mark_removed(connection, theirs)
    await connection.execute(delete(outbox).where(outbox.c.conversation_id.in_(here)))
    removed = await connection.execute(delete(messages).where(theirs))
    await connection.execute(delete(decisions).where(decisions.c.conversation_id.in_(here)))
    await connection.execute(update(conversations).where(which).values(window_row=0))
    return removed.rowcount


async def purge_channels(connection: AsyncConnection, now: datetime) -> int:
    """Delete what is older than its channel keeps it; give the number of messages.

    A channel that chose nothing keeps it as long as its workspace says, or for ever.
    """
    days = inherited("retention_days")
    await hold(connection, days > 0, alone=True)
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
    old = and_(messages.c.conversation_id.in_(here), messages.c.sent_at < before)
    await mark_removed(connection, old)
    removed = await connection.execute(delete(messages).where(old))
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
