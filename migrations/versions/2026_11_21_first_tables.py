"""First tables: conversations, speakers, messages, decisions, outbox, channels."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_first_tables"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts up by itself only on a column that is exactly INTEGER.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", RowId, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("window_row", RowId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint(
            "platform",
            "workspace",
            "channel",
            "thread",
            name="uq_conversations_platform_workspace_channel_thread",
        ),
    )
    op.create_table(
        "speakers",
        sa.Column("id", RowId, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_speakers"),
        sa.UniqueConstraint(
            "platform",
            "workspace",
            "author_id",
            name="uq_speakers_platform_workspace_author_id",
        ),
    )
    op.create_table(
        "decisions",
        sa.Column("id", RowId, nullable=False),
        sa.Column("conversation_id", RowId, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("p_speak", sa.Float()),
        sa.Column("threshold", sa.Float()),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text()),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.Column("decided_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_decisions_conversation_id_conversations",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_conversation_id_id", "decisions", ["conversation_id", "id"])
    op.create_table(
        "messages",
        sa.Column("id", RowId, nullable=False),
        sa.Column("conversation_id", RowId, nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("speaker_id", RowId, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", Time, nullable=False),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("reply_to", sa.Text()),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("decision_id", RowId),
        sa.Column("from_assistant", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Time),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint(
            "conversation_id", "platform_id", name="uq_messages_conversation_id_platform_id"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_messages_conversation_id_conversations",
        ),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speakers.id"], name="fk_messages_speaker_id_speakers"
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name="fk_messages_decision_id_decisions"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_id_id", "messages", ["conversation_id", "id"])
    op.create_index("ix_messages_speaker_id", "messages", ["speaker_id"])
    op.create_index("ix_messages_decision_id", "messages", ["decision_id"])
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("conversation_id", RowId, nullable=False),
        sa.Column("decision_id", RowId),
        sa.Column("reply_to", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_outbox_conversation_id_conversations",
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name="fk_outbox_decision_id_decisions"
        ),
    )
    op.create_index("ix_outbox_conversation_id", "outbox", ["conversation_id"])
    op.create_index("ix_outbox_decision_id", "outbox", ["decision_id"])
    op.create_table(
        "channels",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text()),
        sa.Column("eagerness", sa.Integer(), nullable=False),
        sa.Column("persona", sa.Text(), nullable=False),
        sa.Column("quiet_until", Time),
        sa.Column("quiet_hours", sa.JSON()),
        sa.Column("max_share_of_voice", sa.Float()),
        sa.Column("cooldown_s", sa.Float(), nullable=False),
        sa.Column("answer_other_bots", sa.Boolean(), nullable=False),
        sa.Column("bot_loop_budget", sa.Integer(), nullable=False),
        sa.Column("reply_as_reference", sa.Boolean(), nullable=False),
        sa.Column("follow_threads", sa.Boolean(), nullable=False),
        sa.Column("may_train", sa.Boolean(), nullable=False),
        sa.Column("retention_days", sa.Integer()),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", name="pk_channels"),
    )


def downgrade() -> None:
    for table in ("channels", "outbox", "messages", "decisions", "speakers", "conversations"):
        op.drop_table(table)
