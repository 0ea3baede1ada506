"""Replies on their way to a platform: written down before they are posted, so none is lost."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Author, OutboxItem, OutboxStatus
from bot.store.conversations import KEY_COLUMNS, conversation_key, ensured_id
from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.speakers import ensured_speakers, follow_name, person_key
from bot.store.tables import AnyRow, conversations, decisions, messages, outbox


@carried_through
class Outbox:
    """The replies that wait, and what became of the others. Each method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, item: OutboxItem) -> OutboxItem:
        """Write down a reply; an item that has the key already is given back as it is.

        A decision that is no longer kept, because the conversation was cleared, becomes None.
        """
        kept = select(decisions.c.id).where(decisions.c.id == item.decision_id).scalar_subquery()
        async with self._database.writing() as connection:
            here = await ensured_id(connection, item.conversation)
            await connection.execute(
                insert_or_skip(connection, outbox).values(
                    key=item.key,
                    conversation_id=here,
                    decision_id=kept,
                    reply_to=item.reply_to,
                    text=item.text,
                    status=item.status.value,
                    created_at=item.created_at,
                )
            )
            found = await connection.execute(_items().where(outbox.c.key == item.key))
            return _item(found.one())

    async def posted(self, key: str, *, message_id: str, author: Author, at: datetime) -> None:
        """Mark a reply posted and make it part of the history, in one transaction.

        May be repeated, and may come after the platform echoed the reply as a message. From here
        on the outbox forgets the text: the history has it. A key that `clear` took away is ignored.
        """
        async with self._database.writing() as connection:
            query = _items().add_columns(outbox.c.conversation_id).where(outbox.c.key == key)
            # Locked in PostgreSQL: whoever comes second must see what the first one did.
            row = (await connection.execute(query.with_for_update(of=outbox))).first()
            if row is None or row.status == OutboxStatus.POSTED:
                return
            reply = {"platform_id": message_id, "sent_at": at}
            await _add_to_history(connection, row, reply, author)
            await connection.execute(
                update(outbox)
                .where(outbox.c.key == key)
                .values(status=OutboxStatus.POSTED.value, text="")
            )

    async def withdraw(self, key: str) -> None:
        """Mark a pending reply withdrawn: its moment has passed."""
        await self._settle(key, OutboxStatus.WITHDRAWN)

    async def fail(self, key: str) -> None:
        """Mark a pending reply failed: the platform would not take it."""
        await self._settle(key, OutboxStatus.FAILED)

    async def pending(self, platform: str) -> list[OutboxItem]:
        """List the replies that still wait to be posted, oldest first."""
        query = (
            _items()
            .where(
                conversations.c.platform == platform,
                outbox.c.status == OutboxStatus.PENDING.value,
            )
            .order_by(outbox.c.created_at, outbox.c.key)
        )
        async with self._database.reading() as connection:
            return [_item(row) for row in await connection.execute(query)]

    async def _settle(self, key: str, status: OutboxStatus) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                update(outbox)
                .where(outbox.c.key == key, outbox.c.status == OutboxStatus.PENDING.value)
                .values(status=status.value)
            )


async def _add_to_history(
    connection: AsyncConnection, item: AnyRow, reply: dict[str, object], author: Author
) -> None:
    person = person_key(item.platform, item.workspace, author.id)
    speaker = (await ensured_speakers(connection, {person: author}))[person]
    await follow_name(connection, speaker, author)
    values = {
        "conversation_id": item.conversation_id,
        "speaker_id": speaker.id,
        "text": item.text,
        "reply_to": item.reply_to,
        "decision_id": item.decision_id,
        "from_assistant": True,
        **reply,
    }
    await connection.execute(insert_or_skip(connection, messages).values(values))
    await connection.execute(  # the platform's echo of the reply came first
        update(messages)
        .where(
            messages.c.conversation_id == item.conversation_id,
            messages.c.platform_id == reply["platform_id"],
        )
        .values(from_assistant=True, decision_id=item.decision_id)
    )


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
