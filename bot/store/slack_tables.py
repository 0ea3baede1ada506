"""The tables that slack_sdk's own stores keep Slack's installations and OAuth states in.

Columns and indices are those that its stores ask for, by name; only their lengths are not limited,
since an encrypted token is longer than a plain one. Times are naive and in UTC, as its stores write
them and compare them. Nothing here needs slack_sdk.
"""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text


def add_slack_tables(metadata: MetaData) -> None:
    """Add what a workspace granted, which bot it granted it to, and who is on the way to grant it."""
    _add_installations(metadata)
    _add_bots(metadata)
    Table(
        "slack_oauth_states",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("state", Text, nullable=False),
        Column("expire_at", DateTime, nullable=False),
    )


def _add_installations(metadata: MetaData) -> None:
    Table(
        "slack_installations",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("client_id", Text, nullable=False),
        Column("app_id", Text, nullable=False),
        Column("enterprise_id", Text),
        Column("enterprise_name", Text),
        Column("enterprise_url", Text),
        Column("team_id", Text),
        Column("team_name", Text),
        *_bot_columns(),
        Column("user_id", Text, nullable=False),
        Column("user_token", Text),
        Column("user_scopes", Text),
        Column("user_refresh_token", Text),
        Column("user_token_expires_at", DateTime),
        Column("incoming_webhook_url", Text),
        Column("incoming_webhook_channel", Text),
        Column("incoming_webhook_channel_id", Text),
        Column("incoming_webhook_configuration_url", Text),
        Column("is_enterprise_install", Boolean, nullable=False, default=False),
        Column("token_type", Text),
        Column("installed_at", DateTime, nullable=False),
        Index(
            "slack_installations_idx",
            "client_id",
            "enterprise_id",
            "team_id",
            "user_id",
            "installed_at",
        ),
    )


def _add_bots(metadata: MetaData) -> None:
    Table(
        "slack_bots",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("client_id", Text, nullable=False),
        Column("app_id", Text, nullable=False),
        Column("enterprise_id", Text),
        Column("enterprise_name", Text),
        Column("team_id", Text),
        Column("team_name", Text),
        *_bot_columns(),
        Column("is_enterprise_install", Boolean, nullable=False, default=False),
        Column("installed_at", DateTime, nullable=False),
        Index("slack_bots_idx", "client_id", "enterprise_id", "team_id", "installed_at"),
    )


def _bot_columns() -> tuple[Column[object], ...]:
    return (
        Column("bot_token", Text),
        Column("bot_id", Text),
        Column("bot_user_id", Text),
        Column("bot_scopes", Text),
        Column("bot_refresh_token", Text),
        Column("bot_token_expires_at", DateTime),
    )
