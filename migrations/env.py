"""Runs the migrations: on the connection that `bot.store` hands over, or from Alembic's own command.

From a checkout, with `[tool.alembic] script_location = "migrations"` in pyproject.toml:

    alembic -x url=sqlite:///dev.db revision --autogenerate -m "what changes"
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from bot.store.database import Database
from bot.store.tables import metadata


def run_on(connection: Connection) -> None:
    # batch: SQLite cannot alter a column, so Alembic copies the table, inside the transaction.
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_hand(url: str) -> None:
    database = Database(url)
    try:
        async with database.writing() as connection:
            await connection.run_sync(run_on)
    finally:
        await database.close()


if "connection" in context.config.attributes:
    run_on(context.config.attributes["connection"])
else:
    asyncio.run(run_by_hand(context.get_x_argument(as_dictionary=True)["url"]))
