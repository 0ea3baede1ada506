"""Messages that are fetched after newer ones were heard: they stand where they belong all the same.

The history is read in the order of its rows. So rows are kept free before the newer messages are
recorded, and what is fetched later takes them: the newest of it the last ones, or the oldest the
first ones. Rows that nobody takes are never used.
"""

from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey, Message
from bot.store.conversations import (
    KEY_COLUMNS,
    conversation_key,
    ensured_ids,
    in_workspace,
    stored_key,
)
from bot.store.database import Database, carried_through
from bot.store.intake import refuse_unstorable, write_rows
from bot.store.tables import conversations, messages

_TAKE_ON_SQLITE = text("UPDATE sqlite_sequence SET seq = seq + :num WHERE name = 'messages'")
_BEGIN_ON_SQLITE = text("INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', :num)")
_LAST_ON_SQLITE = text("SELECT seq FROM sqlite_sequence WHERE name = 'messages'")
# Nobody may take one of these rows meanwhile: an insert asks for its number under this lock.
_LOCK_ON_POSTGRESQL = text("LOCK TABLE messages IN SHARE ROW EXCLUSIVE MODE")
_TAKE_ON_POSTGRESQL = text(
    "SELECT setval(sequence, nextval(sequence) + :num - 1)"
    " FROM (SELECT pg_get_serial_sequence('messages', 'id')::regclass AS sequence) AS named"
)


@carried_through
class Late:
    """Keeps rows free, and records into them. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep_room(self, num_rows: int) -> range:
        """Keep so many rows free for what is fetched later, before all that is recorded from now on."""
        async with self._database.writing() as connection:
            last = await _take(connection, num_rows)
        return range(last - num_rows + 1, last + 1)

    async def record(self, room: range, brought: Sequence[Message], *, upwards: bool) -> int:
        """Record messages, oldest first, into free rows; give the number of those that were new.

        They are put before what was recorded into the room so far, or `upwards` behind it. What
        finds no row any more is left out. Raises ValueError as `Messages.record` does.
        """
        for message in brought:
            refuse_unstorable(message)
        async with self._database.writing() as connection:
            places = await ensured_ids(
                connection, {stored_key(each.conversation) for each in brought}
            )
            rows = await _free_rows(connection, room, len(brought), upwards=upwards)
            fitting = brought[: len(rows)] if upwards else brought[len(brought) - len(rows) :]
            are_new = await write_rows(connection, fitting, places, row_ids=rows)
        return sum(are_new)

    async def open_gaps(self, platform: str, workspace: str) -> list[ConversationKey]:
        """List the conversations of a workspace in which something is still to be fetched."""
        query = (
            select(*KEY_COLUMNS)
            .where(in_workspace(platform, workspace), conversations.c.gap_from.is_not(None))
            .order_by(conversations.c.id)
        )
        async with self._database.reading() as connection:
            return [conversation_key(row) for row in await connection.execute(query)]


async def _take(connection: AsyncConnection, num_rows: int) -> int:
    """Take rows from the counter; give the last of them."""
    if connection.dialect.name == "sqlite":
        if not (await connection.execute(_TAKE_ON_SQLITE, {"num": num_rows})).rowcount:
            await connection.execute(_BEGIN_ON_SQLITE, {"num": num_rows})
        return int((await connection.execute(_LAST_ON_SQLITE)).scalar_one())
    await connection.execute(_LOCK_ON_POSTGRESQL)
    return int((await connection.execute(_TAKE_ON_POSTGRESQL, {"num": num_rows})).scalar_one())


async def _free_rows(
    connection: AsyncConnection, room: range, num_rows: int, *, upwards: bool
) -> range:
    """Give the rows next to those that are taken, as many as there are and are needed."""
    edge = func.max(messages.c.id) if upwards else func.min(messages.c.id)
    taken = await connection.scalar(
        select(edge).where(messages.c.id >= room.start, messages.c.id < room.stop)
    )
    if upwards:
        first = room.start if taken is None else taken + 1
        return range(first, min(first + num_rows, room.stop))
    end = room.stop if taken is None else taken
    return range(max(end - num_rows, room.start), end)
