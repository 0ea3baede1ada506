"""Settings on two levels, replies of several parts, feedback, workspaces, notes, and marks of hearing.

A setting that a channel has not chosen is NULL from here on: the workspace's choice holds, or else
the default. Until now every row held every setting, so an old choice that equals the default
cannot be told from no choice, and becomes none. "None" as a choice is 0 days, {}, -1 and 1970.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_workspaces"
down_revision = "2026_11_21_first_tables"
branch_labels = None
depends_on = None

# SQLite counts up by itself only on a column that is exactly INTEGER.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True)
# The settings that could not be NULL: their types, and the defaults at this time.
REQUIRED: dict[str, tuple[sa.types.TypeEngine[Any], object]] = {
    "eagerness": (sa.Integer(), 50),
    "persona": (sa.Text(), ""),
    "cooldown_s": (sa.Float(), 0.0),
    "answer_other_bots": (sa.Boolean(), False),
    "bot_loop_budget": (sa.Integer(), 3),
    "reply_as_reference": (sa.Boolean(), True),
    "follow_threads": (sa.Boolean(), True),
    "may_train": (sa.Boolean(), False),
}
# Those where NULL meant "none": their types, and what stands for a chosen "none" now.
OPTIONAL: dict[str, tuple[sa.types.TypeEngine[Any], object]] = {
    "quiet_until": (Time, datetime(1970, 1, 1, tzinfo=UTC)),
    "quiet_hours": (Json, {}),
    "max_share_of_voice": (sa.Float(), -1.0),
    "retention_days": (sa.Integer(), 0),
}
KEY = ("platform", "workspace", "channel")
CHANNELS = sa.table(
    "channels",
    *(sa.column(name, sa.Text()) for name in (*KEY, "mode")),
    *(sa.column(name, kind) for name, (kind, _) in (REQUIRED | OPTIONAL).items()),
)


def upgrade() -> None:
    with op.batch_alter_table("channels") as channels:
        for name, (kind, _) in REQUIRED.items():
            channels.alter_column(name, existing_type=kind, nullable=True)
        channels.add_column(sa.Column("stream_replies", sa.Boolean()))
        for added in ("eagerness_at", "heard_from"):
            channels.add_column(sa.Column(added, Time))
    not_chosen = {
        name: sa.func.nullif(CHANNELS.c[name], sa.literal(default, kind))
        for name, (kind, default) in REQUIRED.items()
    }
    op.execute(CHANNELS.update().values(not_chosen))
    for name in ("heard_from", "gap_from"):
        op.add_column("conversations", sa.Column(name, Time))
    _create_reply_parts()
    _create_feedback()
    op.create_table(
        "workspaces",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("joined_at", Time, nullable=False),
        sa.Column("left_at", Time),
        sa.Column("greeted_at", Time),
        sa.PrimaryKeyConstraint("platform", "workspace", name="pk_workspaces"),
    )
    op.create_table(
        "notes",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "name", name="pk_notes"),
    )


def downgrade() -> None:
    for table in ("notes", "workspaces", "feedback", "reply_parts"):
        op.drop_table(table)
    # An earlier version knows no drafts, nor what a workspace chose: its channels choose it.
    op.execute("DELETE FROM outbox WHERE status = 'draft'")
    _choose_everything()
    for name in ("heard_from", "gap_from"):
        op.drop_column("conversations", name)
    with op.batch_alter_table("channels") as channels:
        for added in ("eagerness_at", "heard_from", "stream_replies"):
            channels.drop_column(added)
        for name, (kind, _) in REQUIRED.items():
            channels.alter_column(name, existing_type=kind, nullable=False)


def _create_reply_parts() -> None:
    op.create_table(
        "reply_parts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation_id", RowId, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name="pk_reply_parts"),
        sa.UniqueConstraint(
            "conversation_id", "message_id", name="uq_reply_parts_conversation_id_message_id"
        ),
        sa.ForeignKeyConstraint(
            ["key"], ["outbox.key"], name="fk_reply_parts_key_outbox", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_reply_parts_conversation_id_conversations",
        ),
    )


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("decision_id", RowId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "kind", "author_id", name="pk_feedback"),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decisions.id"],
            name="fk_feedback_decision_id_decisions",
            ondelete="CASCADE",
        ),
    )


def _choose_everything() -> None:
    connection = op.get_bind()
    # What a workspace chose holds in channels too that have no row yet.
    op.execute(
        "INSERT INTO channels (platform, workspace, channel)"
        " SELECT DISTINCT platform, workspace, channel FROM conversations AS said"
        " WHERE channel <> '' AND NOT EXISTS (SELECT 1 FROM channels WHERE"
        " channels.platform = said.platform AND channels.workspace = said.workspace"
        " AND channels.channel = said.channel)"
        " AND EXISTS (SELECT 1 FROM channels WHERE channels.platform = said.platform"
        " AND channels.workspace = said.workspace AND channels.channel = '')"
    )
    # In Python: PostgreSQL cannot compare JSON, and there is one row for a channel.
    rows = [dict(row) for row in connection.execute(sa.select(CHANNELS)).mappings()]
    defaults = {(row["platform"], row["workspace"]): row for row in rows if not row["channel"]}
    op.execute(CHANNELS.delete().where(CHANNELS.c.channel == ""))
    for row in rows:
        if not row["channel"]:
            continue
        above = defaults.get((row["platform"], row["workspace"]), {})
        chosen = {
            name: value if value is not None else above.get(name)
            for name, value in row.items()
            if name not in KEY
        }
        here = [CHANNELS.c[name] == row[name] for name in KEY]
        op.execute(CHANNELS.update().where(*here).values(_before_levels(chosen)))


def _before_levels(chosen: dict[str, object]) -> dict[str, object]:
    values = dict(chosen)
    for name, (_, default) in REQUIRED.items():
        values[name] = default if values[name] is None else values[name]
    for name, (_, none) in OPTIONAL.items():
        found = values[name]
        if isinstance(found, datetime) and found.tzinfo is None:  # SQLite keeps the digits only
            found = found.replace(tzinfo=UTC)
        values[name] = None if found == none else found
    return values
