"""What was said: the history of every conversation, in the order it was recorded."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, not_, select, update

from bot.messages import ConversationKey, Entry, Message
from bot.store.changes import change, deleted, edited
from bot.store.conversations import ensured_id, id_at, in_channel, is_at
from bot.store.database import Database, carried_through
from bot.store.entries import entries, entry
from bot.store.intake import Intake
from bot.store.places import (
    deleted_since,
    is_wiped_in,
    known_places,
    place_with_thread,
    places_with,
    waiting_places,
)
from bot.store.replies import bereft
from bot.store.retention import clear_conversations, purge_channels
from bot.store.speakers import is_person
from bot.store.tables import conversations, messages, speakers
from bot.store.threads import begin_thread, is_complete, replies_kept, threads_since


@carried_through
class Messages:
    """The history. Each method is a transaction of its own and raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._intake = Intake(database)

    async def close(self) -> None:
        """Wait until every message brought so far is written."""
        await self._intake.close()

    async def record(self, message: Message) -> bool:
        """Record a message; False if it was seen before. Committed when this returns.

        An opted-out author's message becomes a hidden row without text. The display name of the
        author follows the message. Raises ValueError for a naive time or an id too long.
        """
        return await self._intake.record(message)

    async def record_all(self, brought: Sequence[Message]) -> int:
        """Record messages in one transaction; give the number of those that were new.

        Raises ValueError as `record` does; none is recorded then.
        """
        return await self._intake.record_all(brought)

    async def edit(  # noqa: PLR0913 - what it says now, and how that came about
        self,
        where: ConversationKey,
        message_id: str,
        text: str,
        *,
        at: datetime,
        attachments: Sequence[str] | None = None,
        by_author: bool = True,
    ) -> bool:
        """Replace a message's text, and its attachments if given; False if that changes nothing.

        Unknown, deleted and hidden messages stay as they are, and so does one that was edited later
        than `at`. What `begin_thread` copied is replaced too. One that is changed, but not
        `by_author`, such as by a preview that the platform adds, does not count as edited.
        """
        to = edited(text, at=at, attachments=attachments, by_author=by_author)
        async with self._database.writing() as connection:
            return await change(connection, where, message_id, to)

    async def delete(self, where: ConversationKey, message_id: str, *, at: datetime) -> bool:
        """Leave a tombstone without text and attachments; False if unknown or deleted before.

        What `begin_thread` copied becomes one too.
        """
        async with self._database.writing() as connection:
            return await change(connection, where, message_id, deleted(at))

    async def deleted(self, platform: str, *, since: datetime) -> list[tuple[ConversationKey, str]]:
        """List what people wrote and was deleted since a time, with where it stood."""
        async with self._database.reading() as connection:
            return await deleted_since(connection, platform, since)

    async def recent(self, where: ConversationKey, *, limit: int) -> list[Entry]:
        """List the newest `limit` entries, oldest first."""
        return await self._newest(where, limit=limit)

    async def in_window(self, where: ConversationKey, *, limit: int) -> list[Entry]:
        """List the newest `limit` entries that the prompt shows, oldest first."""
        window = select(conversations.c.window_row).where(is_at(where)).scalar_subquery()
        return await self._newest(where, messages.c.id >= window, limit=limit)

    async def find(self, where: ConversationKey, message_id: str) -> Entry | None:
        """Find a message by the platform's id, tombstones too; None if unknown."""
        query = entries().where(
            messages.c.conversation_id == id_at(where), messages.c.platform_id == message_id
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
            return None if row is None else entry(row)

    async def unknown(self, where: ConversationKey, message_ids: Sequence[str]) -> list[str]:
        """List those of the platform's ids of which the conversation knows nothing, in their order."""
        query = select(messages.c.platform_id).where(
            messages.c.conversation_id == id_at(where), messages.c.platform_id.in_(message_ids)
        )
        async with self._database.reading() as connection:
            known = set(await connection.scalars(query))
        return [each for each in message_ids if each not in known]

    async def up_to_decision(
        self, where: ConversationKey, decision_id: int, *, limit: int
    ) -> list[Entry]:
        """List the newest `limit` entries up to the last of a decision's burst, oldest first.

        That is the history as it was when the burst was decided on; nothing if it is gone.
        """
        last_row = select(func.max(messages.c.id)).where(
            messages.c.conversation_id == id_at(where),
            messages.c.decision_id == decision_id,
            not_(messages.c.from_assistant),
        )
        return await self._newest(where, messages.c.id <= last_row.scalar_subquery(), limit=limit)

    async def bereft(self, where: ConversationKey, message_id: str) -> list[str]:
        """List the message ids, of all parts, of replies to a message that answer nothing any more.

        Every message that such a reply answers is deleted, and the reply itself is not.
        """
        async with self._database.reading() as connection:
            return await bereft(connection, where, message_id)

    async def since_author(
        self, where: ConversationKey, author_id: str, *, limit: int
    ) -> list[Entry]:
        """List what was said after the author's own last message, oldest first.

        Gives the newest `limit` entries that are neither deleted nor hidden; all of the
        conversation counts where the author never spoke.
        """
        theirs = select(speakers.c.id).where(is_person(where.platform, where.workspace, author_id))
        last_row = (
            select(func.coalesce(func.max(messages.c.id), 0))
            .where(
                messages.c.conversation_id == id_at(where),
                messages.c.speaker_id == theirs.scalar_subquery(),
            )
            .scalar_subquery()
        )
        return await self._newest(
            where,
            messages.c.id > last_row,
            not_(messages.c.deleted),
            not_(messages.c.hidden),
            limit=limit,
        )

    async def count(self, where: ConversationKey) -> int:
        """Count the messages whose text is kept, the assistant's too."""
        query = select(func.count(messages.c.id)).where(
            messages.c.conversation_id == id_at(where),
            not_(messages.c.deleted),
            not_(messages.c.hidden),
        )
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def conversations(self, platform: str) -> list[ConversationKey]:
        """List the platform's conversations, newest activity first, empty ones before all."""
        async with self._database.reading() as connection:
            return await known_places(connection, platform)

    async def conversation_with_thread(
        self, platform: str, workspace: str, thread: str
    ) -> ConversationKey | None:
        """Find the conversation of a thread whose channel is not known; None if nothing is kept."""
        async with self._database.reading() as connection:
            return await place_with_thread(connection, platform, workspace, thread)

    async def places_with(self, where: ConversationKey, message_id: str) -> list[ConversationKey]:
        """List where a message stands in a channel or its threads, tombstones too."""
        async with self._database.reading() as connection:
            return await places_with(connection, where, message_id)

    async def is_wiped(self, where: ConversationKey, message_id: str) -> bool:
        """Tell whether a message of a workspace was deleted, or is kept without its words.

        Of `where` only the workspace counts.
        """
        async with self._database.reading() as connection:
            return await is_wiped_in(connection, where, message_id)

    async def begin_thread(self, where: ConversationKey) -> bool:
        """Let a thread begin with what it hangs on, and our replies to that; True if it is known.

        They are copied from the channel as they stand there, and wait for no decision. To be
        awaited before a thread's message is recorded; again, it copies replies that came since.
        """
        async with self._database.reading() as connection:
            if await is_complete(connection, where):
                return True
        async with self._database.writing() as connection:
            return await begin_thread(connection, where)

    async def newest_threads(
        self, where: ConversationKey, since: datetime
    ) -> list[ConversationKey]:
        """List a channel's threads in which something was said since a time, the newest first."""
        async with self._database.reading() as connection:
            return await threads_since(connection, where, since)

    async def replies_kept(self, where: ConversationKey) -> tuple[int, datetime | None]:
        """Count what is kept of the replies in a thread; tell when the newest of others was sent."""
        async with self._database.reading() as connection:
            return await replies_kept(connection, where)

    async def waiting(self, platform: str) -> list[ConversationKey]:
        """List the platform's conversations that hold messages of others with no decision."""
        async with self._database.reading() as connection:
            return await waiting_places(connection, platform)

    async def window(self, where: ConversationKey) -> int:
        """Give the first row the prompt shows; 0 until `move_window` sets one."""
        query = select(conversations.c.window_row).where(is_at(where))
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def move_window(self, where: ConversationKey, row: int) -> None:
        """Let the prompt begin at this row from now on."""
        async with self._database.writing() as connection:
            found = await ensured_id(connection, where)
            await connection.execute(
                update(conversations).where(conversations.c.id == found).values(window_row=row)
            )

    async def create(self, where: ConversationKey) -> None:
        """Make an empty conversation, if it does not exist."""
        async with self._database.writing() as connection:
            await ensured_id(connection, where)

    async def clear(self, where: ConversationKey) -> int:
        """Forget the conversation's messages, decisions and outbox; give the number of messages.

        The conversation itself stays, heard up to its newest message. Rows and decision ids are
        never used again.
        """
        async with self._database.writing() as connection:
            return await clear_conversations(connection, is_at(where))

    async def clear_channel(self, where: ConversationKey) -> int:
        """Clear a channel and all its threads; give the number of messages."""
        async with self._database.writing() as connection:
            return await clear_conversations(connection, in_channel(where))

    async def purge(self, now: datetime) -> int:
        """Remove what is older than its channel's retention; give the number of messages."""
        async with self._database.writing() as connection:
            return await purge_channels(connection, now)

    async def _newest(
        self, where: ConversationKey, *conditions: ColumnElement[bool], limit: int
    ) -> list[Entry]:
        query = (
            entries()
            .where(messages.c.conversation_id == id_at(where), *conditions)
            .order_by(messages.c.id.desc())
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [entry(row) for row in rows][::-1]
