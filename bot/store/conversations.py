"""Where things are said: the rows that stand for conversation keys.

In PostgreSQL whoever writes holds the rows of its conversations first, in the order of their ids,
and people's after them: then nobody waits for each other in a circle. Those that add to a
conversation hold it together, one that clears or erases it holds it alone.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ConversationKey
from bot.store.database import insert_or_skip
from bot.store.tables import AnyRow, conversations, storable

KEY_COLUMNS = (
    conversations.c.platform,
    conversations.c.workspace,
    conversations.c.channel,
    conversations.c.thread,
)

StoredKey = tuple[str, str, str, str]
_NONE_KNOWN: Mapping[StoredKey, int] = MappingProxyType({})


def stored_key(where: ConversationKey) -> StoredKey:
    """Give the key as its row holds it; no thread is the empty string."""
    parts = (where.platform, where.workspace, where.channel, where.thread or "")
    platform, workspace, channel, thread = map(storable, parts)
    return platform, workspace, channel, thread


def conversation_key(row: AnyRow) -> ConversationKey:
    """Read a key back from a row with `KEY_COLUMNS`."""
    return ConversationKey(row.platform, row.workspace, row.channel, row.thread or None)


def is_at(where: ConversationKey) -> ColumnElement[bool]:
    """Pick the row of one conversation."""
    return _is_key(stored_key(where))


def in_channel(where: ConversationKey) -> ColumnElement[bool]:
    """Pick the rows of a channel and its threads; the thread of the key does not matter."""
    parts = stored_key(where)[:3]
    return and_(*(column == part for column, part in zip(KEY_COLUMNS[:3], parts, strict=True)))


def in_workspace(platform: str, workspace: str) -> ColumnElement[bool]:
    """Pick the rows of a workspace."""
    return and_(conversations.c.platform == platform, conversations.c.workspace == workspace)


def id_at(where: ConversationKey) -> ScalarSelect[int]:
    """Stand for the conversation's id inside a query: NULL where nothing was ever said."""
    return _id_of(stored_key(where)).scalar_subquery()


async def ensured_ids(
    connection: AsyncConnection,
    keys: Collection[StoredKey],
    known: Mapping[StoredKey, int] = _NONE_KNOWN,
) -> dict[StoredKey, int]:
    """Give the ids of conversations, making those that are new; they are held.

    `known` are ids from before, which are not looked up again. SQLite takes them for true, though
    they may have been erased.
    """
    found = {key: known[key] for key in keys if key in known}
    while True:
        found |= await _found_or_made(connection, [key for key in keys if key not in found])
        if connection.dialect.name == "sqlite":  # it has one writer at a time
            return found
        held = await hold(connection, conversations.c.id.in_(found.values()))
        if held.issuperset(found.values()):
            return found
        found = {key: each for key, each in found.items() if each in held}


async def hold(
    connection: AsyncConnection, which: ColumnElement[bool], *, alone: bool = False
) -> set[int]:
    """Hold conversations until the transaction ends; give the ids of those that there are."""
    query = select(conversations.c.id).where(which).order_by(conversations.c.id)
    held = query.with_for_update(read=not alone, key_share=not alone)
    return set(await connection.scalars(held))


async def ensured_id(connection: AsyncConnection, where: ConversationKey) -> int:
    """Give the id of one conversation, making it if it is new."""
    key = stored_key(where)
    return (await ensured_ids(connection, [key]))[key]


async def _found_or_made(
    connection: AsyncConnection, keys: Collection[StoredKey]
) -> dict[StoredKey, int]:
    found = await _ids(connection, keys)
    missing = sorted(key for key in keys if key not in found)
    if missing:
        names = [column.name for column in KEY_COLUMNS]
        rows = [dict(zip(names, key, strict=True)) for key in missing]
        await connection.execute(insert_or_skip(connection, conversations), rows)
        found |= await _ids(connection, missing)
    return found


async def _ids(connection: AsyncConnection, keys: Collection[StoredKey]) -> dict[StoredKey, int]:
    # One by one: SQLite reads the whole table for (platform, ...) IN ((...), (...)).
    ids = {key: await connection.scalar(_id_of(key)) for key in keys}
    return {key: found for key, found in ids.items() if found is not None}


def _id_of(key: StoredKey) -> Select[int]:
    return select(conversations.c.id).where(_is_key(key))


def _is_key(key: StoredKey) -> ColumnElement[bool]:
    return and_(*(column == part for column, part in zip(KEY_COLUMNS, key, strict=True)))
