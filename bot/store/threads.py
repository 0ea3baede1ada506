"""Threads that begin with a copy of what they hang on: begun once, and found again.

A message may stand in a channel's history and in that of one of its threads: the message a thread
hangs on, and a reply of the assistant that was decided on in the channel and posted into the thread.
The one in the channel is the original; `bot.store.changes` keeps both alike.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from bot.messages import ASKED, Action, ConversationKey, Rule
from bot.store.conversations import (
    KEY_COLUMNS,
    conversation_key,
    hold,
    id_at,
    in_channel,
    is_at,
    stored_key,
)
from bot.store.database import insert_or_skip
from bot.store.tables import AnyRow, conversations, decisions, messages

_COPIED = (
    messages.c.platform_id,
    messages.c.speaker_id,
    messages.c.text,
    messages.c.sent_at,
    messages.c.addressed,
    messages.c.reply_to,
    messages.c.attachments,
    messages.c.from_assistant,
    messages.c.edited,
    messages.c.deleted,
    messages.c.hidden,
    messages.c.changed_at,
)


async def is_complete(connection: AsyncConnection, where: ConversationKey) -> bool:
    """Tell whether a thread has what it hangs on, and all our replies to that."""
    copies = messages.alias()
    parent = select(messages.c.id).where(
        messages.c.conversation_id == id_at(where), messages.c.platform_id == where.thread
    )
    copied = exists().where(
        copies.c.conversation_id == id_at(where), copies.c.platform_id == messages.c.platform_id
    )
    missing = _originals(where).where(messages.c.from_assistant, not_(copied))
    query = select(and_(parent.exists(), not_(missing.exists())))
    return bool(await connection.scalar(query))


async def begin_thread(connection: AsyncConnection, where: ConversationKey) -> bool:
    """Let a thread begin with what it hangs on and our replies to that; False: that is unknown."""
    if where.thread is None:
        raise ValueError(f"{where} is no thread")
    channel = replace(where, thread=None)
    # Alone: nobody is wiped, and nobody else begins the thread, between the look and the copy.
    await hold(connection, is_at(channel), alone=True)
    names = [column.name for column in KEY_COLUMNS]
    row = dict(zip(names, stored_key(where), strict=True))
    await connection.execute(insert_or_skip(connection, conversations).values(row))
    (here,) = await hold(connection, is_at(where), alone=True)
    # Held, so that no edit and no deletion passes it by.
    held = _originals(where).order_by(messages.c.id).with_for_update(read=True)
    originals = list(await connection.execute(held))
    is_known = any(each.platform_id == where.thread for each in originals)
    said = select(messages.c.id).where(messages.c.conversation_id == here)
    is_begun = (await connection.execute(said.limit(1))).first() is not None
    mark = select(conversations.c.heard_from).where(conversations.c.id == here)
    cleared_until: datetime | None = await connection.scalar(mark)
    for each in originals:
        is_parent = each.platform_id == where.thread
        is_cleared = cleared_until is not None and each.sent_at <= cleared_until
        if not is_cleared and not (is_parent and is_begun):
            await _copy(connection, each, here)
    return is_known or (is_begun and await _is_in(connection, here, where.thread))


async def threads_since(
    connection: AsyncConnection, where: ConversationKey, since: datetime
) -> list[ConversationKey]:
    """List a channel's threads in which something was said since a time, the newest first."""
    newest = (
        select(messages.c.sent_at)
        .where(messages.c.conversation_id == conversations.c.id)
        .order_by(messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(*KEY_COLUMNS)
        .where(in_channel(where), conversations.c.thread != "", newest >= since)
        .order_by(newest.desc(), conversations.c.id.desc())
    )
    return [conversation_key(row) for row in await connection.execute(query)]


async def replies_kept(
    connection: AsyncConnection, where: ConversationKey
) -> tuple[int, datetime | None]:
    """Count what is kept of the replies in a thread, and tell when the newest of others was sent.

    What people hide is counted, what was asked by a command is not: it stands nowhere.
    """
    by_others = case((not_(messages.c.from_assistant), messages.c.sent_at))
    query = select(func.count(messages.c.id), func.max(by_others)).where(
        messages.c.conversation_id == id_at(where),
        messages.c.platform_id != where.thread,
        not_(messages.c.platform_id.startswith(ASKED)),
        not_(messages.c.deleted),
    )
    row = (await connection.execute(query)).one()
    return row[0], row[1]


def _originals(where: ConversationKey) -> Select[Any]:
    """Select what a thread hangs on and our replies to it, as they stand in the channel."""
    channel = id_at(replace(where, thread=None))
    parents = messages.alias()
    parent = select(parents.c.id).where(
        parents.c.conversation_id == channel, parents.c.platform_id == where.thread
    )
    is_reply = and_(messages.c.from_assistant, messages.c.reply_to == where.thread)
    return select(messages.c.id, *_COPIED).where(
        messages.c.conversation_id == channel,
        messages.c.id >= parent.scalar_subquery(),  # so that not the whole history is read
        or_(messages.c.platform_id == where.thread, is_reply),
    )


async def _copy(connection: AsyncConnection, original: AnyRow, here: int) -> None:
    if await _is_in(connection, here, original.platform_id):
        return
    is_settled = original.from_assistant or original.deleted or original.hidden
    decision_id = None if is_settled else await connection.scalar(_settling(original, here))
    copied = select(literal(here), literal(decision_id, messages.c.decision_id.type), *_COPIED)
    columns = ["conversation_id", "decision_id", *(each.name for each in _COPIED)]
    await connection.execute(
        insert(messages).from_select(columns, copied.where(messages.c.id == original.id))
    )


def _settling(original: AnyRow, here: int) -> ReturningInsert[tuple[int]]:
    """A message without a decision would wait for one: it gets that of a thread's start."""
    values = {
        "conversation_id": here,
        "message_id": original.platform_id,
        "action": Action.SILENT.value,
        "rule": Rule.THREAD_START.value,
        "reason": "it begins the thread, and was decided on in the channel",
        "model": "",
        "latency_ms": 0.0,
        "decided_at": original.sent_at,
    }
    return insert(decisions).values(values).returning(decisions.c.id)


async def _is_in(connection: AsyncConnection, conversation_id: int, message_id: str) -> bool:
    query = select(messages.c.id).where(
        messages.c.conversation_id == conversation_id, messages.c.platform_id == message_id
    )
    return (await connection.execute(query)).first() is not None
