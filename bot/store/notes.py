"""Small facts that a platform's adapter wants to know after a restart, by name."""

from sqlalchemy import select, update

from bot.store.database import Database, carried_through, insert_or_skip
from bot.store.tables import notes


@carried_through
class Notes:
    """The notes of every platform. Each method is a transaction of its own.

    A note about a workspace is named with it behind a slash: it goes when the workspace is erased.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, platform: str, name: str) -> str | None:
        """Give what was noted last; None if nothing was."""
        query = select(notes.c.value).where(notes.c.platform == platform, notes.c.name == name)
        async with self._database.reading() as connection:
            return await connection.scalar(query)

    async def set(self, platform: str, name: str, value: str) -> None:
        """Note a value in place of what was noted before."""
        row = {"platform": platform, "name": name, "value": value}
        async with self._database.writing() as connection:
            await connection.execute(insert_or_skip(connection, notes).values(row))
            await connection.execute(
                update(notes)
                .where(notes.c.platform == platform, notes.c.name == name)
                .values(value=value)
            )
