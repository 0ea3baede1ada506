"""The tables of the history, and the two column types that make both databases behave alike.

Says what is stored, nothing about how it is asked for. `migrations/` must produce exactly this; a
test compares them.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from bot.store.slack_tables import add_slack_tables

AnyRow = Row[*tuple[Any, ...]]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def storable(text: str) -> str:
    """Give the text as both databases take it: no NUL (PostgreSQL), no lone surrogate (both).

    Two surrogates that belong together become the character they stand for, a lone one U+FFFD.
    """
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class StorableText(TypeDecorator[str]):
    """Text that never fails to be written, and is looked up in the form it was written in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable."""
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite keeps the digits only. Naive datetimes raise ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware datetime into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the datetime its time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up by itself only on a column that is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

conversations = Table(
    "conversations",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("platform", StorableText, nullable=False),
    Column("workspace", StorableText, nullable=False),
    Column("channel", StorableText, nullable=False),
    # Empty in the channel itself: databases hold NULLs for different, and would allow two of them.
    Column("thread", StorableText, nullable=False),
    Column("window_row", RowId, nullable=False, default=0),
    # What was said up to here is never fetched again: it was cleared, purged, or not to be heard.
    Column("heard_from", UtcDateTime),
    Column("gap_from", UtcDateTime),  # what was said since then is still to be fetched
    UniqueConstraint("platform", "workspace", "channel", "thread"),
)

speakers = Table(
    "speakers",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("platform", StorableText, nullable=False),
    Column("workspace", StorableText, nullable=False),
    Column("author_id", StorableText, nullable=False),
    Column("name", StorableText, nullable=False),  # empty: forgotten
    Column("is_bot", Boolean, nullable=False, default=False),
    Column("opted_out", Boolean, nullable=False, default=False),
    Column("kept_from", UtcDateTime),  # nothing that they said before it is kept
    UniqueConstraint("platform", "workspace", "author_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("message_id", StorableText, nullable=False),
    Column("action", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("reason", StorableText, nullable=False),
    Column("p_speak", Float),
    Column("threshold", Float),
    Column("model", StorableText, nullable=False),
    Column("adapter", StorableText),
    Column("latency_ms", Float, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Index(None, "conversation_id", "id"),
    # For those that a killed process left without a reply, which are looked for again and again.
    Index("ix_decisions_action_decided_at", "action", "decided_at"),
    sqlite_autoincrement=True,  # an id is never used twice, also after `clear`
)

messages = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True),  # the `row` of an Entry
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("platform_id", StorableText, nullable=False),
    Column("speaker_id", ForeignKey("speakers.id"), nullable=False, index=True),
    Column("text", StorableText, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("addressed", Boolean, nullable=False, default=False),
    Column("reply_to", StorableText),
    Column("attachments", JSON, nullable=False, default=list),
    Column("decision_id", ForeignKey("decisions.id"), index=True),
    Column("from_assistant", Boolean, nullable=False, default=False),
    Column("edited", Boolean, nullable=False, default=False),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("hidden", Boolean, nullable=False, default=False),
    Column("changed_at", UtcDateTime),  # of the newest edit or deletion
    UniqueConstraint("conversation_id", "platform_id"),
    Index(None, "conversation_id", "id"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", StorableText, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("decision_id", ForeignKey("decisions.id"), index=True),
    Column("reply_to", StorableText),
    Column("text", StorableText, nullable=False),  # emptied once it is posted or given up
    Column("status", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # The thread that the platform shows it in; empty: in none; NULL: nobody has said so far.
    Column("shown_in", StorableText),
)

reply_parts = Table(
    "reply_parts",
    metadata,
    Column("key", ForeignKey("outbox.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 0
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("message_id", StorableText, nullable=False),
    UniqueConstraint("conversation_id", "message_id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("decision_id", ForeignKey("decisions.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("author_id", StorableText, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

# In a setting's column NULL means that it was not chosen at this level. The row without a channel
# holds the workspace's defaults.
channels = Table(
    "channels",
    metadata,
    Column("platform", StorableText, primary_key=True),
    Column("workspace", StorableText, primary_key=True),
    Column("channel", StorableText, primary_key=True),
    Column("mode", Text),
    Column("eagerness", Integer),
    Column("persona", StorableText),
    Column("quiet_until", UtcDateTime),
    Column("quiet_hours", JSON(none_as_null=True)),
    Column("max_share_of_voice", Float),
    Column("cooldown_s", Float),
    Column("answer_other_bots", Boolean),
    Column("bot_loop_budget", Integer),
    Column("reply_as_reference", Boolean),
    Column("stream_replies", Boolean),
    Column("follow_threads", Boolean),
    Column("may_train", Boolean),
    Column("retention_days", Integer),
    Column("eagerness_at", UtcDateTime),  # when it was last changed, also to not chosen
    Column("heard_from", UtcDateTime),  # as in conversations, for all of the channel or workspace
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("platform", StorableText, primary_key=True),
    Column("workspace", StorableText, primary_key=True),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
    Column("greeted_at", UtcDateTime),
)

notes = Table(
    "notes",
    metadata,
    Column("platform", StorableText, primary_key=True),
    Column("name", StorableText, primary_key=True),
    Column("value", StorableText, nullable=False),
)

add_slack_tables(metadata)
