"""How far a conversation was heard: what a catch-up may fetch after, and what it must never fetch.

A mark says that all up to a time is settled: it was cleared, it was purged, or nobody was to hear
it. Marks only move forward. That of a conversation stands in its own row, that of a whole channel
or workspace beside its settings. A gap says that what was said since a time could not be fetched
yet, though newer messages may be here: it outlives a restart, and never reaches behind a mark.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, literal, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey
from bot.store.channels import set_level
from bot.store.conversations import KEY_COLUMNS, conversation_key, ensured_id, id_at, is_at
from bot.store.tables import channels, conversations, messages

# Messages are recorded nearly in the order they were sent, and hearing some of them again does no
# harm: so the newest need not be looked for among all of them.
MAX_LOOKED_BACK = 1000


async def heard_until(connection: AsyncConnection, where: ConversationKey) -> datetime | None:
    """Give the time of the newest message of others, or a mark if that is later; None: neither.

    The assistant's own do not count: it may speak while it hears nothing.
    """
    latest = (
        select(messages.c.sent_at, messages.c.from_assistant)
        .where(messages.c.conversation_id == id_at(where))
        .order_by(messages.c.id.desc())
        .limit(MAX_LOOKED_BACK)
        .subquery()
    )
    newest = select(func.max(latest.c.sent_at)).where(not_(latest.c.from_assistant))
    return await _latest(connection, newest, *_marks(where))


async def heard_in(
    connection: AsyncConnection, platform: str, workspace: str
) -> dict[ConversationKey, datetime]:
    """Give `heard_until` of a workspace's conversations, or somewhat earlier; not of those with gaps."""
    newest = (
        select(messages.c.sent_at)
        .where(messages.c.conversation_id == conversations.c.id, not_(messages.c.from_assistant))
        .order_by(messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    wider_mark = (
        select(func.max(channels.c.heard_from))
        .where(
            channels.c.platform == platform,
            channels.c.workspace == workspace,
            or_(channels.c.channel == "", channels.c.channel == conversations.c.channel),
        )
        .scalar_subquery()
    )
    query = select(
        *KEY_COLUMNS, newest.label("newest"), conversations.c.heard_from, wider_mark.label("mark")
    ).where(
        conversations.c.platform == platform,
        conversations.c.workspace == workspace,
        conversations.c.gap_from.is_(None),
    )
    heard: dict[ConversationKey, datetime] = {}
    for row in await connection.execute(query):
        times = [each for each in (row.newest, row.heard_from, row.mark) if each is not None]
        if times:
            heard[conversation_key(row)] = max(times)
    return heard


async def heard_from(connection: AsyncConnection, where: ConversationKey) -> datetime | None:
    """Give the mark alone: what was said before it must not be fetched; None if there is none."""
    return await _latest(connection, *_marks(where))


async def hear_from(connection: AsyncConnection, where: ConversationKey, at: datetime) -> None:
    """Set the mark of a thread, of a whole channel, or without a channel of the whole workspace."""
    if where.thread is not None:
        await _mark(connection, await ensured_id(connection, where), at)
        return
    await set_level(connection, where, {"heard_from": _later(channels.c.heard_from, at)})


async def gap_from(connection: AsyncConnection, where: ConversationKey) -> datetime | None:
    """Give the time from which messages are still to be fetched; None if none are."""
    own_gap = select(conversations.c.gap_from).where(is_at(where))
    gap: datetime | None = await connection.scalar(own_gap)
    if gap is None:
        return None
    mark = await heard_from(connection, where)
    return gap if mark is None else max(gap, mark)


async def open_gap(connection: AsyncConnection, where: ConversationKey, since: datetime) -> None:
    """Note a gap since a time; one that begins earlier stays."""
    gap = conversations.c.gap_from
    earlier = case((gap < since, gap), else_=literal(since, gap.type))
    here = conversations.c.id == await ensured_id(connection, where)
    await connection.execute(update(conversations).where(here).values(gap_from=earlier))


async def close_gap(connection: AsyncConnection, where: ConversationKey) -> None:
    """Note that nothing is to be fetched any more."""
    await connection.execute(update(conversations).where(is_at(where)).values(gap_from=None))


async def mark_removed(connection: AsyncConnection, removed: ColumnElement[bool]) -> None:
    """Set the marks of the conversations whose messages are about to be removed."""
    newest = (
        select(messages.c.conversation_id, func.max(messages.c.sent_at))
        .where(removed)
        .group_by(messages.c.conversation_id)
    )
    for conversation_id, at in (await connection.execute(newest)).all():
        await _mark(connection, conversation_id, at)


async def _mark(connection: AsyncConnection, conversation_id: int, at: datetime) -> None:
    await connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(heard_from=_later(conversations.c.heard_from, at))
    )


def _marks(where: ConversationKey) -> tuple[Select[tuple[datetime]], ...]:
    """Look up the mark of a conversation, and that of its channel and workspace."""
    own_mark = select(conversations.c.heard_from).where(is_at(where))
    wider_mark = select(func.max(channels.c.heard_from)).where(
        channels.c.platform == where.platform,
        channels.c.workspace == where.workspace,
        or_(channels.c.channel == "", channels.c.channel == where.channel),
    )
    return own_mark, wider_mark


async def _latest(connection: AsyncConnection, *looks: Select[tuple[datetime]]) -> datetime | None:
    times = (each.scalar_subquery() for each in looks)
    found = (await connection.execute(select(*times))).one()
    return max((time for time in found if time is not None), default=None)


def _later(mark: ColumnElement[datetime], at: datetime) -> ColumnElement[datetime]:
    return case((mark > at, mark), else_=literal(at, mark.type))
