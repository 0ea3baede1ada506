"""The history: conversations, speakers, messages, decisions, outbox, feedback and settings.

Every query of Earshot is in this package, and SQLAlchemy nowhere else. Times go in and come out as
aware UTC datetimes, on SQLite and on PostgreSQL.
"""

from bot.store.speakers import StoredAbout
from bot.store.store import Store, upgrade

__all__ = ["Store", "StoredAbout", "upgrade"]
