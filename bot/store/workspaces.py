"""Workspaces, such as Discord servers: where Earshot is, where it has left, and forgetting those."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey, workspace_key
from bot.store.conversations import KEY_COLUMNS, conversation_key, hold, in_workspace
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.hearing import hear_from, heard_in
from bot.store.speakers import hold_people
from bot.store.tables import (
    channels,
    conversations,
    decisions,
    messages,
    notes,
    outbox,
    speakers,
    workspaces,
)

MAX_IDS = 10_000  # in one statement: both databases take some 32,000 values


@carried_through
class Workspaces:
    """The workspaces of every platform. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def joined(
        self, platform: str, workspace: str, *, at: datetime, came_at: datetime | None = None
    ) -> bool:
        """Note that Earshot is in a workspace; True if it is new there, or back again.

        Then nothing that was said before is ever fetched: the mark of `hear_from` is set with it.
        `came_at` is since when it is there, if the platform tells that: later than was noted, it
        was away in between.
        """
        here = _is_workspace(platform, workspace)
        # Locked in PostgreSQL: a purge that runs now is waited for, and what it left is seen.
        query = select(workspaces.c.joined_at, workspaces.c.left_at).where(here).with_for_update()
        async with self._database.writing() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                is_new = await _make(connection, platform, workspace, at)
            else:
                came_back_at = came_at if came_at and came_at > row.joined_at else None
                is_new, at = bool(row.left_at or came_back_at), came_back_at or at
                if is_new:
                    back = update(workspaces).where(here)
                    await connection.execute(back.values(joined_at=at, left_at=None))
            if is_new:
                await hear_from(connection, workspace_key(platform, workspace), at)
        return is_new

    async def left(self, platform: str, workspace: str, *, at: datetime) -> None:
        """Note that Earshot is no longer in a workspace; what was noted first stays."""
        async with self._database.writing() as connection:
            await _make(connection, platform, workspace, at)
            await connection.execute(
                update(workspaces)
                .where(_is_workspace(platform, workspace), workspaces.c.left_at.is_(None))
                .values(left_at=at)
            )

    async def present(self, platform: str) -> list[str]:
        """List the workspaces that Earshot is in, the longest first."""
        query = (
            select(workspaces.c.workspace)
            .where(workspaces.c.platform == platform, workspaces.c.left_at.is_(None))
            .order_by(workspaces.c.joined_at, workspaces.c.workspace)
        )
        async with self._database.reading() as connection:
            return list(await connection.scalars(query))

    async def joined_at(self, platform: str, workspace: str) -> datetime | None:
        """Give when Earshot came to a workspace; None where it is not, or never was."""
        query = select(workspaces.c.joined_at).where(
            _is_workspace(platform, workspace), workspaces.c.left_at.is_(None)
        )
        async with self._database.reading() as connection:
            return await connection.scalar(query)

    async def joined_since(self, platform: str) -> dict[str, datetime]:
        """Give the workspaces that Earshot is in, with when it came there."""
        query = select(workspaces.c.workspace, workspaces.c.joined_at).where(
            workspaces.c.platform == platform, workspaces.c.left_at.is_(None)
        )
        async with self._database.reading() as connection:
            return {row.workspace: row.joined_at for row in await connection.execute(query)}

    async def greet(self, platform: str, workspace: str, *, at: datetime) -> bool:
        """Tell whether the caller may greet the workspace: True once, until it is erased."""
        async with self._database.writing() as connection:
            await _make(connection, platform, workspace, at)
            greeted = await connection.execute(
                update(workspaces)
                .where(_is_workspace(platform, workspace), workspaces.c.greeted_at.is_(None))
                .values(greeted_at=at)
            )
        return greeted.rowcount > 0

    async def is_greeted(self, platform: str, workspace: str) -> bool:
        """Tell whether the workspace was greeted, and not erased since."""
        query = select(workspaces.c.greeted_at).where(_is_workspace(platform, workspace))
        async with self._database.reading() as connection:
            return await connection.scalar(query) is not None

    async def greeted(self, platform: str) -> frozenset[str]:
        """Give the workspaces for which `is_greeted` is true."""
        query = select(workspaces.c.workspace).where(
            workspaces.c.platform == platform, workspaces.c.greeted_at.is_not(None)
        )
        async with self._database.reading() as connection:
            return frozenset(await connection.scalars(query))

    async def heard_in(self, platform: str, workspace: str) -> dict[ConversationKey, datetime]:
        """Give up to when each conversation of a workspace was heard, at once for all.

        Never later than `Marks.heard_until`. Those with a gap are left out, and those where
        nothing was heard.
        """
        async with self._database.reading() as connection:
            return await heard_in(connection, platform, workspace)

    async def kept_in(self, platform: str, workspace: str) -> list[ConversationKey]:
        """List the conversations of a workspace of which messages are kept, the newest first."""
        kept = exists().where(messages.c.conversation_id == conversations.c.id)
        query = (
            select(*KEY_COLUMNS)
            .where(in_workspace(platform, workspace), kept)
            .order_by(conversations.c.id.desc())
        )
        async with self._database.reading() as connection:
            return [conversation_key(row) for row in await connection.execute(query)]

    async def left_before(self, platform: str, at: datetime | None = None) -> list[str]:
        """List the workspaces that Earshot left, before a time if one is given, and is not back in."""
        is_early = workspaces.c.left_at.is_not(None) if at is None else workspaces.c.left_at < at
        query = (
            select(workspaces.c.workspace)
            .where(workspaces.c.platform == platform, is_early)
            .order_by(workspaces.c.workspace)
        )
        async with self._database.reading() as connection:
            return list(await connection.scalars(query))

    async def erase(self, platform: str, workspace: str, *, left_before: datetime) -> bool:
        """Erase a workspace; False if it was not left before that time, or is back.

        All that is kept of it is deleted: what was said and decided, people, settings. Opt-outs go
        too: nothing that points at a person is left.
        """
        still_gone = (
            select(workspaces.c.workspace)
            .where(_is_workspace(platform, workspace), workspaces.c.left_at < left_before)
            .with_for_update()
        )
        # Each in a transaction of its own: who records in several would be waited for in a circle.
        async with self._database.writing() as connection:
            if await connection.scalar(still_gone) is None:
                return False
            await _erase(connection, platform, workspace)
        return True


async def _make(connection: AsyncConnection, platform: str, workspace: str, at: datetime) -> bool:
    row = {"platform": platform, "workspace": workspace, "joined_at": at}
    made = await connection.execute(insert_or_skip(connection, workspaces).values(row))
    return made.rowcount > 0


async def _erase(connection: AsyncConnection, platform: str, workspace: str) -> None:
    here = in_workspace(platform, workspace)
    # By their ids: a conversation that others make meanwhile is not held, and stays.
    ids = sorted(await hold(connection, here, alone=True))
    await hold_people(connection, platform, workspace)
    for table in (outbox, messages, decisions):  # parts and feedback go with them
        await _delete_of(connection, table.c.conversation_id, ids)
    if connection.dialect.name == "sqlite":
        await _keep_highest_id_taken(connection, platform, workspace)
    await _delete_of(connection, conversations.c.id, ids, here)
    silent = ~select(messages.c.id).where(messages.c.speaker_id == speakers.c.id).exists()
    theirs = (speakers.c.platform == platform, speakers.c.workspace == workspace)
    await connection.execute(delete(speakers).where(*theirs, silent))
    for table in (channels, workspaces):
        await connection.execute(
            delete(table).where(table.c.platform == platform, table.c.workspace == workspace)
        )
    about_it = notes.c.name.endswith(f"/{workspace}", autoescape=True)
    await connection.execute(delete(notes).where(notes.c.platform == platform, about_it))


async def _delete_of(
    connection: AsyncConnection, column: Column[Any], ids: Sequence[int], *also: ColumnElement[bool]
) -> None:
    for start in range(0, len(ids), MAX_IDS):
        some = column.in_(ids[start : start + MAX_IDS])
        await connection.execute(delete(column.table).where(some, *also))


async def _keep_highest_id_taken(
    connection: AsyncConnection, platform: str, workspace: str
) -> None:
    # SQLite would give it to the next conversation, while an intake may still remember it for the
    # old one and write there. So a row that names nothing holds the one above; the id itself is no
    # more, so that whoever writes there fails, and looks it up again.
    highest = await connection.scalar(select(func.max(conversations.c.id))) or 0
    nameless: dict[str, object] = {"platform": "", "workspace": "", "channel": "", "thread": ""}
    nothing = {"window_row": 0, "heard_from": None, "gap_from": None}
    await connection.execute(
        delete(conversations).where(conversations.c.platform == "", conversations.c.id != highest)
    )
    await connection.execute(
        update(conversations)
        .where(in_workspace(platform, workspace), conversations.c.id == highest)
        .values({"id": highest + 1} | nameless | nothing)
    )


def _is_workspace(platform: str, workspace: str) -> ColumnElement[bool]:
    return and_(workspaces.c.platform == platform, workspaces.c.workspace == workspace)
