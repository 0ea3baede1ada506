"""Replies on their way to a platform: written down before they are posted, so none is lost.

A reply that grows before people's eyes is a draft first. One that is longer than the platform
takes in a message is posted in parts, numbered from 0.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Author, ConversationKey, OutboxItem, OutboxStatus
from bot.store.conversations import (
    KEY_COLUMNS,
    conversation_key,
    ensured_id,
    hold,
    id_at,
    in_channel,
)
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.replies import add_to_history, has_question_left, parts_beside
from bot.store.tables import AnyRow, conversations, decisions, messages, outbox, reply_parts


@carried_through
class Outbox:
    """The replies that wait, and what became of the others. Each method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, item: OutboxItem) -> None:
        """Write down a draft, before its first words are shown; a key that is there stays as it is."""
        async with self._database.writing() as connection:
            await _write(connection, item, OutboxStatus.DRAFT)

    async def add(self, item: OutboxItem) -> OutboxItem:
        """Write down a reply; a draft of its key becomes this reply.

        Any other item that has the key already is given back as it is. A decision that is no longer
        kept, because the conversation was cleared, becomes None.
        """
        async with self._database.writing() as connection:
            while True:
                await _write(connection, item, item.status)
                drafted = update(outbox).where(_is_draft(item.key))
                await connection.execute(
                    drafted.values(
                        text=item.text,
                        status=OutboxStatus.PENDING.value,
                        created_at=item.created_at,
                    )
                )
                found = await connection.execute(_items().where(outbox.c.key == item.key))
                if row := found.first():
                    return _item(row)
                # The draft that was in the way was cleared since: this one takes its place.

    async def part_posted(self, key: str, number: int, message_id: str) -> None:
        """Write down that a part is shown, as which message; the last told message of it counts.

        A key that `clear` took away is ignored.
        """
        shown_as = literal(message_id, reply_parts.c.message_id.type)
        part = select(outbox.c.key, literal(number), outbox.c.conversation_id, shown_as).where(
            outbox.c.key == key
        )
        before = and_(reply_parts.c.key == key, reply_parts.c.number == number)
        async with self._database.writing() as connection:
            await hold(connection, _is_of(key))
            await connection.execute(delete(reply_parts).where(before))
            await connection.execute(
                insert_or_skip(connection, reply_parts).from_select(reply_parts.c.keys(), part)
            )

    async def parts(self, key: str) -> list[str]:
        """List the message ids of the reply's parts that are shown, in order."""
        query = (
            select(reply_parts.c.message_id)
            .where(reply_parts.c.key == key)
            .order_by(reply_parts.c.number)
        )
        async with self._database.reading() as connection:
            return list(await connection.scalars(query))

    async def show_in(self, key: str, thread: str) -> None:
        """Write down in which thread a reply is shown; "" for none."""
        async with self._database.writing() as connection:
            shown = update(outbox).where(outbox.c.key == key)
            await connection.execute(shown.values(shown_in=thread))

    async def shown_in(self, key: str) -> str | None:
        """Give the thread in which a reply is shown, "" for none; None if that is not known."""
        query = select(outbox.c.shown_in).where(outbox.c.key == key)
        async with self._database.reading() as connection:
            thread: str | None = await connection.scalar(query)
        return thread

    async def parts_of(self, where: ConversationKey, message_id: str) -> list[str]:
        """List the message ids of the reply that a message is a part of, in order.

        Gives the id alone for a message that is not known to be a part of anything.
        """
        async with self._database.reading() as connection:
            return await parts_beside(connection, where, message_id) or [message_id]

    async def place_of(self, where: ConversationKey, message_id: str) -> ConversationKey:
        """Find in which conversation of a channel a reply was given, by any of its parts.

        A platform may show it in a thread, and tell of it by its channel alone. What is no reply is
        taken to stand where it is looked for.
        """
        query = (
            select(*KEY_COLUMNS)
            .join_from(reply_parts, conversations)
            .where(in_channel(where), reply_parts.c.message_id == message_id)
            .order_by(conversations.c.id)
            .limit(1)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return where if row is None else conversation_key(row)

    async def has_question_left(self, key: str) -> bool:
        """Tell whether something that a reply answers still stands; True if it is not known what."""
        async with self._database.reading() as connection:
            return await has_question_left(connection, key)

    async def shown_by(self, where: ConversationKey, message_id: str) -> str | None:
        """Give the key of the reply that a message is a part of, None for no known part."""
        query = select(reply_parts.c.key).where(
            reply_parts.c.conversation_id == id_at(where), reply_parts.c.message_id == message_id
        )
        async with self._database.reading() as connection:
            key: str | None = await connection.scalar(query)
        return key

    async def decision_behind(self, where: ConversationKey, message_id: str) -> int | None:
        """Give the id of the decision that a reply carries out, found by any of its parts.

        None: the message is no reply of the assistant, or its decision is no longer kept.
        """
        by_part = (
            select(outbox.c.decision_id)
            .join(reply_parts, reply_parts.c.key == outbox.c.key)
            .where(
                reply_parts.c.conversation_id == id_at(where),
                reply_parts.c.message_id == message_id,
            )
        )
        by_message = select(messages.c.decision_id).where(
            messages.c.conversation_id == id_at(where),
            messages.c.platform_id == message_id,
            messages.c.from_assistant,
        )
        either = func.coalesce(by_part.scalar_subquery(), by_message.scalar_subquery())
        async with self._database.reading() as connection:
            found: int | None = await connection.scalar(select(either))
        return found

    async def posted(self, key: str, *, message_id: str, author: Author, at: datetime) -> None:
        """Mark a reply posted and make it part of the history, in one transaction.

        May be repeated, and may come after the platform echoed the reply as a message. From here
        on the outbox forgets the text: the history has it. A key that `clear` took away is ignored.
        """
        async with self._database.writing() as connection:
            await hold(connection, _is_of(key))
            query = _items().add_columns(outbox.c.conversation_id).where(outbox.c.key == key)
            # Locked in PostgreSQL: whoever comes second must see what the first one did.
            row = (await connection.execute(query.with_for_update(of=outbox))).first()
            if row is None or row.status == OutboxStatus.POSTED:
                return
            reply = {"platform_id": message_id, "sent_at": at}
            await add_to_history(connection, row, reply, author)
            await connection.execute(
                update(outbox)
                .where(outbox.c.key == key)
                .values(status=OutboxStatus.POSTED.value, text="")
            )

    async def drop(self, key: str) -> None:
        """Forget a draft and its parts; what is more than a draft stays."""
        async with self._database.writing() as connection:
            await connection.execute(delete(outbox).where(_is_draft(key)))

    async def withdraw(self, key: str) -> None:
        """Mark a pending reply withdrawn, and forget its text: its moment has passed."""
        await self._settle(outbox.c.key == key, OutboxStatus.WITHDRAWN)

    async def withdraw_shown(self, where: ConversationKey, message_id: str) -> None:
        """Mark the pending reply withdrawn that a message is a part of: somebody deleted it."""
        shown = select(reply_parts.c.key).where(
            reply_parts.c.conversation_id == id_at(where), reply_parts.c.message_id == message_id
        )
        await self._settle(outbox.c.key.in_(shown), OutboxStatus.WITHDRAWN)

    async def fail(self, key: str) -> None:
        """Mark a pending reply failed, and forget its text: the platform would not take it."""
        await self._settle(outbox.c.key == key, OutboxStatus.FAILED)

    async def status(self, key: str) -> OutboxStatus | None:
        """Tell where a reply stands now; None if it is not kept, or no more."""
        query = select(outbox.c.status).where(outbox.c.key == key)
        async with self._database.reading() as connection:
            status = await connection.scalar(query)
        return None if status is None else OutboxStatus(status)

    async def pending(self, platform: str) -> list[OutboxItem]:
        """List the replies that still wait to be posted, oldest first."""
        return await self._with_status(platform, OutboxStatus.PENDING)

    async def drafts(self, platform: str) -> list[OutboxItem]:
        """List the replies that a stop left half shown, oldest first."""
        return await self._with_status(platform, OutboxStatus.DRAFT)

    async def _with_status(self, platform: str, status: OutboxStatus) -> list[OutboxItem]:
        query = (
            _items()
            .where(conversations.c.platform == platform, outbox.c.status == status.value)
            .order_by(outbox.c.created_at, outbox.c.key)
        )
        async with self._database.reading() as connection:
            return [_item(row) for row in await connection.execute(query)]

    async def _settle(self, which: ColumnElement[bool], status: OutboxStatus) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                update(outbox)
                .where(which, outbox.c.status == OutboxStatus.PENDING.value)
                .values(status=status.value, text="")
            )


async def _write(connection: AsyncConnection, item: OutboxItem, status: OutboxStatus) -> None:
    here = await ensured_id(connection, item.conversation)
    kept = select(decisions.c.id).where(decisions.c.id == item.decision_id).scalar_subquery()
    await connection.execute(
        insert_or_skip(connection, outbox).values(
            key=item.key,
            conversation_id=here,
            decision_id=kept,
            reply_to=item.reply_to,
            text=item.text,
            status=status.value,
            created_at=item.created_at,
        )
    )


def _is_of(key: str) -> ColumnElement[bool]:
    """Pick the conversation of a reply."""
    its_id = select(outbox.c.conversation_id).where(outbox.c.key == key)
    return conversations.c.id == its_id.scalar_subquery()


def _is_draft(key: str) -> ColumnElement[bool]:
    return and_(outbox.c.key == key, outbox.c.status == OutboxStatus.DRAFT.value)


def _items() -> Select[Any]:
    return select(
        outbox.c.key,
        outbox.c.decision_id,
        outbox.c.reply_to,
        outbox.c.text,
        outbox.c.status,
        outbox.c.created_at,
        *KEY_COLUMNS,
    ).join_from(outbox, conversations)


def _item(row: AnyRow) -> OutboxItem:
    return OutboxItem(
        key=row.key,
        conversation=conversation_key(row),
        decision_id=row.decision_id,
        reply_to=row.reply_to,
        text=row.text,
        status=OutboxStatus(row.status),
        created_at=row.created_at,
    )
