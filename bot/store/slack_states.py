"""Who is on the way to install the app on Slack: slack_sdk writes that down, and never tidies up."""

from datetime import UTC, datetime

from sqlalchemy import delete

from bot.store.database import Database, carried_through
from bot.store.tables import metadata


@carried_through
class SlackStates:
    """The states of Slack's OAuth pages. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge(self, now: datetime) -> int:
        """Delete those that are good no more; give their number. `now` is an aware time."""
        states = metadata.tables["slack_oauth_states"]
        ended = delete(states).where(states.c.expire_at < now.astimezone(UTC).replace(tzinfo=None))
        async with self._database.writing() as connection:
            return (await connection.execute(ended)).rowcount
