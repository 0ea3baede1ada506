"""Which workspaces granted Slack's app what: slack_sdk writes that down, and leaves old rows behind."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Table, and_, delete

from bot.store.database import Database, carried_through
from bot.store.tables import metadata

_TABLES = ("slack_bots", "slack_installations")


@carried_through
class SlackInstallations:
    """The installations of Slack's apps. Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def delete(
        self,
        client_id: str,
        *,
        team_id: str | None,
        enterprise_id: str | None,
        but: datetime | None = None,
    ) -> None:
        """Delete what a workspace granted an app, in whatever organization it was at that time.

        Without a workspace it is what the organization granted. What was granted at the moment
        `but`, an aware time, by this very workspace in this organization, is kept.
        """
        async with self._database.writing() as connection:
            for name in _TABLES:
                table = metadata.tables[name]
                of_them = _granted_by(table, client_id, team_id, enterprise_id)
                if but is not None:
                    of_them = and_(of_them, ~_granted_at(table, enterprise_id, but))
                await connection.execute(delete(table).where(of_them))


def _granted_by(
    table: Table, client_id: str, team_id: str | None, enterprise_id: str | None
) -> ColumnElement[bool]:
    by_app = and_(table.c.client_id == client_id, table.c.team_id.is_not_distinct_from(team_id))
    return by_app if team_id else and_(by_app, table.c.enterprise_id == enterprise_id)


def _granted_at(table: Table, enterprise_id: str | None, at: datetime) -> ColumnElement[bool]:
    """Tell one installation as slack_sdk does."""
    return and_(
        table.c.enterprise_id.is_not_distinct_from(enterprise_id),
        table.c.installed_at == at.astimezone(UTC).replace(tzinfo=None),
    )
