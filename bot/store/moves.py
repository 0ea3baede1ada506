"""A channel that gets another id on its platform: all that is kept of it goes on under the new one.

It may have been heard under the new id for a moment before that is told. What was said there then
joins the rest; of what was chosen and noted, that of the old id counts.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey
from bot.store.conversations import hold, in_channel
from bot.store.database import Database, carried_through
from bot.store.tables import (
    AnyRow,
    channels,
    conversations,
    decisions,
    messages,
    notes,
    outbox,
    reply_parts,
)


@carried_through
class Moves:
    """Moves channels within their workspace. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def channel(self, old: ConversationKey, new: ConversationKey) -> bool:
        """Keep under a channel's new id what is kept under its old one; False: that is nothing.

        Threads go with it, and so do settings and notes. What is kept under the new id already
        stays as well, except for what was chosen under both.
        """
        async with self._database.writing() as connection:
            await hold(connection, or_(in_channel(old), in_channel(new)), alone=True)
            has_history = await _move_conversations(connection, old, new)
            has_settings = await _move_settings(connection, old, new)
            has_notes = await _move_notes(connection, old, new)
        return has_history or has_settings or has_notes


async def _move_conversations(
    connection: AsyncConnection, old: ConversationKey, new: ConversationKey
) -> bool:
    query = select(conversations).where(in_channel(old))
    leaving = list(await connection.execute(query))
    there = select(conversations).where(in_channel(new))
    known = {row.thread: row for row in await connection.execute(there)}
    for row in leaving:
        if row.thread in known:
            await _join(connection, row, known[row.thread])
        else:
            await connection.execute(
                update(conversations)
                .where(conversations.c.id == row.id)
                .values(channel=new.channel)
            )
    return bool(leaving)


async def _join(connection: AsyncConnection, row: AnyRow, into: AnyRow) -> None:
    """Put a conversation's rows into another; a message that both have is kept once."""
    heard = select(messages.c.platform_id).where(messages.c.conversation_id == row.id)
    await connection.execute(
        delete(messages).where(
            messages.c.conversation_id == into.id, messages.c.platform_id.in_(heard)
        )
    )
    shown = select(reply_parts.c.message_id).where(reply_parts.c.conversation_id == row.id)
    await connection.execute(
        delete(reply_parts).where(
            reply_parts.c.conversation_id == into.id, reply_parts.c.message_id.in_(shown)
        )
    )
    for table in (decisions, messages, outbox, reply_parts):
        await connection.execute(
            update(table).where(table.c.conversation_id == row.id).values(conversation_id=into.id)
        )
    marks = {
        "heard_from": _latest(row.heard_from, into.heard_from),
        "gap_from": _earliest(row.gap_from, into.gap_from),
        "window_row": max(row.window_row, into.window_row),
    }
    await connection.execute(
        update(conversations).where(conversations.c.id == into.id).values(marks)
    )
    await connection.execute(delete(conversations).where(conversations.c.id == row.id))


async def _move_settings(
    connection: AsyncConnection, old: ConversationKey, new: ConversationKey
) -> bool:
    chosen = await _settings(connection, old)
    if chosen is None:
        return False
    there = await _settings(connection, new) or {}
    values = {name: there.get(name) if each is None else each for name, each in chosen.items()}
    values["heard_from"] = _latest(chosen["heard_from"], there.get("heard_from"))
    for where in (old, new):
        await connection.execute(delete(channels).where(_is_level(where)))
    await connection.execute(insert(channels).values({**values, "channel": new.channel}))
    return True


async def _settings(connection: AsyncConnection, where: ConversationKey) -> dict[str, Any] | None:
    row = (await connection.execute(select(channels).where(_is_level(where)))).first()
    return None if row is None else row._asdict()


async def _move_notes(
    connection: AsyncConnection, old: ConversationKey, new: ConversationKey
) -> bool:
    """Name the channel anew in the notes about its workspace, and in what they say."""
    about_it = notes.c.name.endswith(f"/{old.workspace}", autoescape=True)
    query = select(notes).where(notes.c.platform == old.platform, about_it)
    is_id = re.compile(rf"(?<![A-Za-z0-9]){re.escape(old.channel)}(?![A-Za-z0-9])")
    has_any = False
    for row in list(await connection.execute(query)):
        said = is_id.sub(new.channel, row.name), is_id.sub(new.channel, row.value)
        if said != (row.name, row.value):
            has_any = True
            await connection.execute(delete(notes).where(_is_note(old, row.name, said[0])))
            note = {"platform": row.platform, "name": said[0], "value": said[1]}
            await connection.execute(insert(notes).values(note))
    return has_any


def _is_level(where: ConversationKey) -> ColumnElement[bool]:
    return and_(
        channels.c.platform == where.platform,
        channels.c.workspace == where.workspace,
        channels.c.channel == where.channel,
    )


def _is_note(where: ConversationKey, *names: str) -> ColumnElement[bool]:
    return and_(notes.c.platform == where.platform, notes.c.name.in_(names))


def _latest(*times: datetime | None) -> datetime | None:
    return max((each for each in times if each is not None), default=None)


def _earliest(*times: datetime | None) -> datetime | None:
    return min((each for each in times if each is not None), default=None)
