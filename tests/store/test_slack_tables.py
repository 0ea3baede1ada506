"""What slack_sdk's own stores keep in the same database: its columns, and tokens of any length."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import MetaData, Table, text

from bot.store import Store
from bot.store.tables import metadata

LONG_TOKEN = "gAAAAA" + "x" * 2000


def theirs() -> list[Table]:
    stores = pytest.importorskip("slack_sdk.oauth.installation_store.sqlalchemy")
    states = pytest.importorskip("slack_sdk.oauth.state_store.sqlalchemy")
    kept = stores.SQLAlchemyInstallationStore
    return [
        kept.build_installations_table(MetaData(), kept.default_installations_table_name),
        kept.build_bots_table(MetaData(), kept.default_bots_table_name),
        states.SQLAlchemyOAuthStateStore.build_oauth_states_table(
            MetaData(), states.SQLAlchemyOAuthStateStore.default_table_name
        ),
    ]


def test_they_have_the_columns_and_indices_that_slack_sdk_asks_for() -> None:
    for table in theirs():
        ours = metadata.tables[table.name]

        assert [each.name for each in ours.columns] == [each.name for each in table.columns]
        for each in table.columns:
            mine = ours.columns[each.name]
            assert (mine.nullable, mine.type.python_type) == (each.nullable, each.type.python_type)
        assert {(index.name, *index.columns.keys()) for index in ours.indexes} == {
            (index.name, *index.columns.keys()) for index in table.indexes
        }


async def test_long_tokens_and_naive_times_come_back_as_they_were(store: Store) -> None:
    bots = metadata.tables["slack_bots"]
    at = datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001 - as slack_sdk writes them
    row = {"client_id": "1.2", "app_id": "A1", "bot_token": LONG_TOKEN, "installed_at": at}

    async with store.engine.begin() as connection:
        await connection.execute(bots.insert(), row)

    async with store.engine.connect() as connection:
        (found,) = await connection.execute(bots.select())
    assert (found.bot_token, found.installed_at, found.team_id) == (LONG_TOKEN, at, None)


async def test_what_only_read_over_the_engine_keeps_nobody_from_writing(store: Store) -> None:
    async with store.engine.connect() as connection:
        await connection.execute(text("SELECT * FROM slack_bots"))

    await store.notes.set("slack", "a", "b")

    assert await store.notes.get("slack", "a") == "b"


async def test_a_state_that_is_good_no_more_is_deleted(store: Store) -> None:
    states = metadata.tables["slack_oauth_states"]
    rows = [
        {"state": hour, "expire_at": datetime(2026, 3, 1, int(hour))}  # noqa: DTZ001 - see above
        for hour in ("08", "10")
    ]
    async with store.engine.begin() as connection:
        await connection.execute(states.insert(), rows)

    in_rome = timezone(timedelta(hours=1))
    assert await store.slack_states.purge(datetime(2026, 3, 1, 10, 30, tzinfo=in_rome)) == 1

    async with store.engine.connect() as connection:
        assert [row.state for row in await connection.execute(states.select())] == ["10"]
