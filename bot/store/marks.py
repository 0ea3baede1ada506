"""How far each conversation was heard, and where something is still to be fetched."""

from datetime import datetime

from bot.messages import ConversationKey
from bot.store.database import Database, carried_through
from bot.store.hearing import close_gap, gap_from, hear_from, heard_from, heard_until, open_gap


@carried_through
class Marks:
    """The marks of hearing. Each method is a transaction of its own and raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heard_until(self, where: ConversationKey) -> datetime | None:
        """Give the time up to which the conversation was heard; None if nothing ever was.

        That is when the newest message of others was sent, or the mark of `hear_from` if later.
        """
        async with self._database.reading() as connection:
            return await heard_until(connection, where)

    async def heard_from(self, where: ConversationKey) -> datetime | None:
        """Give the mark of `hear_from` that holds for a conversation; None if there is none."""
        async with self._database.reading() as connection:
            return await heard_from(connection, where)

    async def hear_from(self, where: ConversationKey, at: datetime) -> None:
        """Count all that was said before a time as heard, so that no catch-up fetches it.

        Without a thread that holds for the channel and its threads, without a channel for the
        whole workspace, also where nothing was said yet. A later mark stays.
        """
        async with self._database.writing() as connection:
            await hear_from(connection, where, at)

    async def gap_from(self, where: ConversationKey) -> datetime | None:
        """Give the time from which messages are still to be fetched; None if none are.

        Never before the mark of `hear_from`: what was forgotten is not fetched again.
        """
        async with self._database.reading() as connection:
            return await gap_from(connection, where)

    async def open_gap(self, where: ConversationKey, since: datetime) -> None:
        """Note that what was said since a time is still to be fetched; an earlier gap stays."""
        async with self._database.writing() as connection:
            await open_gap(connection, where, since)

    async def close_gap(self, where: ConversationKey) -> None:
        """Note that nothing is to be fetched any more."""
        async with self._database.writing() as connection:
            await close_gap(connection, where)
