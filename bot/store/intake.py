"""Messages on their way in: written in the order they came, many callers' in one transaction.

While one transaction is written, the messages that arrive gather for the next. So a flood costs few
commits, and a single message waits for nobody. Nothing is acknowledged before its commit.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.messages import Message
from bot.store.conversations import StoredKey, ensured_ids, stored_key
from bot.store.database import Database, insert_or_skip
from bot.store.overhearing import settle
from bot.store.speakers import PersonKey, Speaker, ensured_speakers, follow_name, person_key
from bot.store.tables import messages, storable

MAX_ROWS = 500  # in one statement: SQLite takes 32,766 values, a message has 14
MAX_PLACES = 10_000  # conversations whose id is remembered, about 3 MB
MAX_ID_CHARS = 500  # PostgreSQL cannot index more than 2,700 bytes; platforms use about 20


@dataclass(slots=True)
class _Batch:
    """Messages that are written together, and the task that does it."""

    messages: list[Message]
    written: asyncio.Task[list[bool]]


class Intake:
    """Records messages, each once, however often and by however many callers it is brought.

    Raises ValueError for a naive time or an id too long to be indexed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathering: _Batch | None = None
        self._turn = asyncio.Lock()
        self._places: dict[StoredKey, int] = {}
        self._tasks: set[asyncio.Task[list[bool]]] = set()

    async def record(self, message: Message) -> bool:
        """Record one message; False if it was seen before."""
        refuse_unstorable(message)
        batch = self._gathering or self._begin_batch()
        place = len(batch.messages)
        batch.messages.append(message)
        # A caller that gives up must not take the others' messages with it.
        return (await asyncio.shield(batch.written))[place]

    async def record_all(self, brought: Sequence[Message]) -> int:
        """Record many messages in one transaction; give the number of those that were new."""
        for message in brought:
            refuse_unstorable(message)
        return sum(await self._write(brought))

    async def close(self) -> None:
        """Wait until everything that was brought is written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin_batch(self) -> _Batch:
        brought: list[Message] = []
        batch = _Batch(brought, asyncio.create_task(self._write_batch(brought)))
        self._tasks.add(batch.written)
        batch.written.add_done_callback(self._tasks.discard)
        self._gathering = batch
        return batch

    async def _write_batch(self, brought: list[Message]) -> list[bool]:
        async with self._turn:
            try:
                return await self._write(brought)
            finally:
                self._end_batch(brought)

    def _end_batch(self, brought: Sequence[Message]) -> None:
        # Who comes from now on goes with the next transaction.
        if self._gathering is not None and self._gathering.messages is brought:
            self._gathering = None

    async def _write(self, brought: Sequence[Message]) -> list[bool]:
        # For each message in order: whether it is new.
        try:
            return await self._write_once(brought)
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            self._places.clear()  # a workspace was erased: an id remembered here is no more
            return await self._write_once(brought)

    async def _write_once(self, brought: Sequence[Message]) -> list[bool]:
        are_new: list[bool] = []
        # A copy: others add to what is remembered, and forget it, while this one writes.
        keys = {stored_key(each.conversation) for each in brought}
        places = {key: self._places[key] for key in keys if key in self._places}
        async with self._database.writing() as connection:
            self._end_batch(brought)
            for start in range(0, len(brought), MAX_ROWS):
                rows = brought[start : start + MAX_ROWS]
                here = {stored_key(each.conversation) for each in rows}
                places |= await ensured_ids(connection, here, places)
                are_new += await write_rows(connection, rows, places)
        if len(self._places) > MAX_PLACES:
            self._places.clear()
        self._places |= places  # they are committed only now
        return are_new


def refuse_unstorable(message: Message) -> None:
    """Raise ValueError for a naive time or an id too long to be indexed."""
    if message.sent_at.tzinfo is None:
        raise ValueError(f"message {message.id} was sent at a naive time: {message.sent_at}")
    if max(len(message.id), len(message.author.id)) > MAX_ID_CHARS:
        raise ValueError(f"an id has more than {MAX_ID_CHARS} characters: {message.id[:40]}...")


async def write_rows(
    connection: AsyncConnection,
    brought: Sequence[Message],
    places: Mapping[StoredKey, int],
    *,
    row_ids: Sequence[int] | None = None,
) -> list[bool]:
    """Write messages, into rows that were kept free if they are given; tell which are new."""
    if not brought:
        return []
    people = await ensured_speakers(connection, {_person(each): each.author for each in brought})
    rows = [_row(each, places, people) for each in brought]
    for row, row_id in zip(rows, row_ids or (), strict=row_ids is not None):
        row["id"] = row_id
    statement = insert_or_skip(connection, messages).returning(
        messages.c.conversation_id, messages.c.platform_id
    )
    inserted = {tuple(row) for row in await connection.execute(statement, rows)}
    are_new = []
    for row in rows:
        key = (row["conversation_id"], row["platform_id"])
        are_new.append(key in inserted)
        inserted.discard(key)  # a second time in the same batch it is an old one
    for message, row, is_new in zip(brought, rows, are_new, strict=True):
        if is_new and message.overheard and not row["hidden"]:
            await settle(connection, row)
    latest = {
        _person(message): message.author
        for message, row, is_new in zip(brought, rows, are_new, strict=True)
        if is_new and not row["hidden"]
    }
    for person, author in latest.items():
        await follow_name(connection, people[person], author)
    return are_new


def _row(
    message: Message, places: Mapping[StoredKey, int], people: Mapping[PersonKey, Speaker]
) -> dict[str, Any]:
    speaker = people[_person(message)]
    kept = speaker.keeps(message.sent_at)
    return {
        "conversation_id": places[stored_key(message.conversation)],
        "platform_id": storable(message.id),
        "speaker_id": speaker.id,
        "text": message.text if kept else "",
        "sent_at": message.sent_at,
        "addressed": message.addressed,
        "reply_to": message.reply_to,
        "attachments": [storable(each) for each in message.attachments] if kept else [],
        "hidden": not kept,
    }


def _person(message: Message) -> PersonKey:
    where = message.conversation
    return person_key(where.platform, where.workspace, message.author.id)
