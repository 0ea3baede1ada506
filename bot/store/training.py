"""What may be trained on: the messages of channels whose settings allow it, and nobody's who opted out.

The workspace may allow it for all of its channels, and a channel may choose otherwise.
"""

from dataclasses import replace

from sqlalchemy import false, func, select

from bot.messages import Author, ConversationKey, Entry
from bot.store.channels import inherited
from bot.store.conversations import KEY_COLUMNS, conversation_key, is_at
from bot.store.database import Database, carried_through
from bot.store.entries import entries, entry
from bot.store.tables import conversations, messages, speakers

_ALLOWED = func.coalesce(inherited("may_train"), false())


@carried_through
class Training:
    """What an export for training reads. It changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def conversations(self) -> list[ConversationKey]:
        """List the conversations of the channels that allow it, threads too, oldest first."""
        query = select(*KEY_COLUMNS).where(_ALLOWED).order_by(conversations.c.id)
        async with self._database.reading() as connection:
            return [conversation_key(row) for row in await connection.execute(query)]

    async def entries(self, where: ConversationKey) -> list[Entry]:
        """List all that was said there, oldest first; nothing if the channel does not allow it.

        What an opted-out person wrote is hidden and without text, whenever it was written.
        """
        query = (
            entries()
            .add_columns(speakers.c.opted_out)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(is_at(where), _ALLOWED)
            .order_by(messages.c.id)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [
                replace(entry(row), text="", attachments=(), hidden=True)
                if row.opted_out
                else entry(row)
                for row in rows
            ]

    async def people(self, platform: str, workspace: str) -> list[Author]:
        """List everybody with a name in a workspace: they may be spoken of wherever they are not."""
        query = (
            select(speakers.c.author_id, speakers.c.name, speakers.c.is_bot)
            .where(
                speakers.c.platform == platform,
                speakers.c.workspace == workspace,
                speakers.c.name != "",
            )
            .order_by(speakers.c.id)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [Author(row.author_id, row.name, row.is_bot) for row in rows]
