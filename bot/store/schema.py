"""The state of the database's tables: absent, at head, behind, ahead, or someone else's.

Only the migrations create or change tables; this finds them beside the packages and runs them.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

import migrations
from bot.errors import StoreError
from bot.store.database import Database

_LOCK_KEY = 0xEA4507  # any number that no other program locks in the same PostgreSQL database
# Alembic keeps the migration it runs in module globals; an asyncio lock belongs to one loop.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def create_or_check(database: Database) -> None:
    """Create the tables of an empty database; raise StoreError if an existing one is not at head."""
    await _alone(database, _create_or_check)


async def upgrade_to_head(database: Database) -> None:
    """Run the missing migrations; raise StoreError if the database is newer or someone else's."""
    await _alone(database, _upgrade)


async def _alone(database: Database, work: Callable[[Connection, str], None]) -> None:
    # One transaction: nobody sees half the tables, and a second process finds them made.
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn, database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        await connection.run_sync(work, database.name)


def _create_or_check(connection: Connection, name: str) -> None:
    if not inspect(connection).get_table_names():
        _migrate(connection)
        return
    script = ScriptDirectory.from_config(_config())
    revision = _revision(connection, script, name)
    if revision != script.get_current_head():
        raise StoreError(
            f"the database {name} is from an older Earshot (revision {revision}): "
            "keep a copy of it, then run: earshot db upgrade"
        )
    # A database that cannot be written is told now, not at the first message.
    connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


def _upgrade(connection: Connection, name: str) -> None:
    if inspect(connection).get_table_names():
        _revision(connection, ScriptDirectory.from_config(_config()), name)
    _migrate(connection)


def _revision(connection: Connection, script: ScriptDirectory, name: str) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        raise StoreError(f"the database {name} holds other tables: give Earshot one of its own")
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {None, *(each.revision for each in script.walk_revisions())}
    if revision not in known:
        raise StoreError(
            f"the database {name} is from a newer Earshot (revision {revision}): "
            "install that version, or name another database"
        )
    return revision


def _migrate(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    folder = Path(migrations.__path__[0]).as_posix()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
