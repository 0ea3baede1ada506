"""Where something is: a platform's conversations, those that wait, a thread, what was deleted."""

from datetime import datetime

from sqlalchemy import func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey
from bot.store.conversations import KEY_COLUMNS, conversation_key, in_channel, in_workspace
from bot.store.tables import conversations, messages


async def known_places(connection: AsyncConnection, platform: str) -> list[ConversationKey]:
    """List a platform's conversations, newest activity first, empty ones before all."""
    last_row = (
        select(func.max(messages.c.id))
        .where(messages.c.conversation_id == conversations.c.id)
        .scalar_subquery()
    )
    query = (
        select(*KEY_COLUMNS)
        .where(conversations.c.platform == platform)
        .order_by(last_row.desc().nulls_first(), conversations.c.id.desc())
    )
    return [conversation_key(row) for row in await connection.execute(query)]


async def place_with_thread(
    connection: AsyncConnection, platform: str, workspace: str, thread: str
) -> ConversationKey | None:
    """Find the conversation of a thread whose channel is not known; None if nothing is kept."""
    query = (
        select(*KEY_COLUMNS)
        .where(
            conversations.c.platform == platform,
            conversations.c.workspace == workspace,
            conversations.c.thread == thread,
        )
        .order_by(conversations.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else conversation_key(row)


async def places_with(
    connection: AsyncConnection, where: ConversationKey, message_id: str
) -> list[ConversationKey]:
    """List the conversations of a channel in which a message stands: itself, its threads."""
    query = (
        select(*KEY_COLUMNS)
        .join_from(messages, conversations)
        .where(in_channel(where), messages.c.platform_id == message_id)
        .order_by(conversations.c.id)
    )
    return [conversation_key(row) for row in await connection.execute(query)]


async def is_wiped_in(connection: AsyncConnection, where: ConversationKey, message_id: str) -> bool:
    """Tell whether a message of a workspace is one whose words are kept no more."""
    here = select(conversations.c.id).where(in_workspace(where.platform, where.workspace))
    wiped = select(messages.c.id).where(
        messages.c.conversation_id.in_(here),
        messages.c.platform_id == message_id,
        or_(messages.c.hidden, messages.c.deleted),
    )
    return bool(await connection.scalar(select(wiped.exists())))


async def waiting_places(connection: AsyncConnection, platform: str) -> list[ConversationKey]:
    """List the conversations that hold messages of others with no decision, oldest first."""
    undecided = (
        select(messages.c.id)
        .where(
            messages.c.conversation_id == conversations.c.id,
            messages.c.decision_id.is_(None),
            not_(messages.c.hidden),
            not_(messages.c.deleted),
            not_(messages.c.from_assistant),
        )
        .exists()
    )
    query = (
        select(*KEY_COLUMNS)
        .where(conversations.c.platform == platform, undecided)
        .order_by(conversations.c.id)
    )
    return [conversation_key(row) for row in await connection.execute(query)]


async def deleted_since(
    connection: AsyncConnection, platform: str, since: datetime
) -> list[tuple[ConversationKey, str]]:
    """List what people wrote and was deleted since a time, with where it stood."""
    query = (
        select(*KEY_COLUMNS, messages.c.platform_id)
        .join_from(messages, conversations)
        .where(
            conversations.c.platform == platform,
            messages.c.deleted,
            not_(messages.c.from_assistant),
            messages.c.changed_at >= since,
        )
    )
    rows = await connection.execute(query)
    return [(conversation_key(row), row.platform_id) for row in rows]
