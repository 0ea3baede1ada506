"""Small facts that a platform's adapter wants to know after a restart, by name."""

from sqlalchemy import delete, select, update

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

    async def claim(self, platform: str, name: str, value: str = "") -> bool:
        """Note something that is not noted yet; of several who try, one gets True."""
        row = {"platform": platform, "name": name, "value": value}
        async with self._database.writing() as connection:
            made = await connection.execute(insert_or_skip(connection, notes).values(row))
        return made.rowcount > 0

    async def advance(self, platform: str, name: str, value: str) -> bool:
        """Note a value unless the same or a later one was noted; True if it is noted now.

        Values of one name have to be in the order of their text, such as times of one length.
        """
        row = {"platform": platform, "name": name, "value": value}
        earlier = update(notes).where(
            notes.c.platform == platform, notes.c.name == name, notes.c.value < value
        )
        async with self._database.writing() as connection:
            made = await connection.execute(insert_or_skip(connection, notes).values(row))
            if made.rowcount > 0:
                return True
            moved = await connection.execute(earlier.values(value=value))
        return moved.rowcount > 0

    async def drop(self, platform: str, name: str) -> None:
        """Remove a note."""
        here = notes.c.platform == platform, notes.c.name == name
        async with self._database.writing() as connection:
            await connection.execute(delete(notes).where(*here))

    async def named(self, platform: str, prefix: str, workspace: str) -> dict[str, str]:
        """Give a workspace's notes of one kind: value by what stands between both.

        `prefix` begins the name, a slash and the workspace end it.
        """
        suffix = f"/{workspace}"
        query = select(notes.c.name, notes.c.value).where(
            notes.c.platform == platform,
            notes.c.name.startswith(prefix, autoescape=True),
            notes.c.name.endswith(suffix, autoescape=True),
        )
        async with self._database.reading() as connection:
            found = [(row[0], row[1]) for row in await connection.execute(query)]
        return {
            name.removeprefix(prefix).removesuffix(suffix): value
            for name, value in found
            # SQLite's LIKE takes small letters for capitals.
            if name.startswith(prefix) and name.endswith(suffix)
        }
