"""The step from the first tables to workspaces: nothing that people said or chose is lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from bot.messages import ChannelSettings, ConversationKey, Mode, QuietHours, workspace_key
from bot.store import Store, schema, upgrade
from bot.store.database import Database
from tests.store.samples import ROOM, SILENT, START, kept_with, later, message, reply

FIRST = "2026_11_21_first_tables"
OLD_ROWS = (
    "INSERT INTO conversations (platform, workspace, channel, thread, window_row)"
    " VALUES ('room', 'home', 'kitchen', '', 0)",
    "INSERT INTO speakers (platform, workspace, author_id, name, is_bot, opted_out)"
    " VALUES ('room', 'home', '1', 'Ann', FALSE, FALSE)",
    "INSERT INTO decisions (conversation_id, message_id, action, rule, reason, model, latency_ms,"
    " decided_at) VALUES (1, 'm1', 'silent', 'threshold', 'why', 'm', 1.0,"
    " '2026-03-01 09:30:00+00:00')",
    "INSERT INTO messages (conversation_id, platform_id, speaker_id, text, sent_at, addressed,"
    " attachments, decision_id, from_assistant, edited, deleted, hidden) VALUES (1, 'm1', 1,"
    " 'Hello', '2026-03-01 09:30:00+00:00', FALSE, '[]', 1, FALSE, FALSE, FALSE, FALSE)",
    "INSERT INTO outbox VALUES ('k1', 1, 1, NULL, 'Hi', 'pending', '2026-03-01 09:30:00+00:00')",
    "INSERT INTO channels VALUES ('room', 'home', 'kitchen', 'mention', 20, '',"
    " '2026-03-01 09:30:00+00:00',"
    """ '{"weekdays": [4], "start_minute": 0, "end_minute": 60, "time_zone": "UTC"}',"""
    " 0.5, 0, TRUE, 3, TRUE, FALSE, TRUE, 30)",
    "INSERT INTO channels VALUES ('room', 'home', 'hall', NULL, 50, 'Kind', NULL, NULL, NULL, 0,"
    " FALSE, 3, TRUE, TRUE, FALSE, NULL)",
)
HALL = replace(ROOM, channel="hall")


async def _migrate(url: str, go: Callable[[Config, str], None], revision: str) -> None:
    def run(connection: Connection) -> None:
        config = schema._config()
        config.attributes["connection"] = connection
        go(config, revision)

    database = Database(url)
    async with database.writing() as connection:
        await connection.run_sync(run)
    await database.close()


async def _run(url: str, *statements: str) -> list[Any]:
    database = Database(url)
    async with database.writing() as connection:
        done = [await connection.execute(text(statement)) for statement in statements]
        rows = done[-1].all() if done[-1].returns_rows else []
    await database.close()
    return list(rows)


@pytest.fixture
async def old_url(empty_url: str) -> str:
    """Give a database of the first version, in use."""
    await _migrate(empty_url, command.upgrade, FIRST)
    # A colon would begin a parameter.
    await _run(empty_url, *(statement.replace(":", r"\:") for statement in OLD_ROWS))
    return empty_url


async def test_an_upgrade_keeps_what_was_said_and_chosen(old_url: str) -> None:
    await upgrade(old_url)

    store = await Store.open(old_url)
    assert [entry.text for entry in await store.messages.recent(ROOM, limit=5)] == ["Hello"]
    assert [item.key for item in await store.outbox.pending("room")] == ["k1"]
    assert await store.channels.settings(ROOM) == ChannelSettings(
        mode=Mode.MENTION,
        eagerness=20,
        quiet_until=later(0),
        quiet_hours=QuietHours(frozenset({4}), 0, 60, "UTC"),
        max_share_of_voice=0.5,
        answer_other_bots=True,
        follow_threads=False,
        may_train=True,
        retention_days=30,
    )
    await store.close()


async def test_after_an_upgrade_a_workspace_s_choice_holds_where_a_channel_had_the_default(
    old_url: str,
) -> None:
    await upgrade(old_url)
    store = await Store.open(old_url)

    await store.channels.change(
        workspace_key("room", "home"), eagerness=70, persona="Terse", at=START
    )

    assert await store.channels.chosen(HALL) == {"persona"}
    assert await store.channels.settings(HALL) == ChannelSettings(eagerness=70, persona="Kind")
    await store.close()


async def test_the_mode_that_a_direct_chat_on_slack_was_given_is_nobodys_choice_after_an_upgrade(
    old_url: str,
) -> None:
    was_given = "UPDATE channels SET platform = 'slack', channel = 'D1' WHERE channel = 'kitchen'"
    await _run(old_url, was_given)

    await upgrade(old_url)

    store = await Store.open(old_url)
    chosen = await store.channels.chosen(ConversationKey("slack", "home", "D1"))
    assert "mode" not in chosen
    assert "eagerness" in chosen
    await store.close()


async def test_a_downgrade_leaves_each_channel_what_held_in_it(old_url: str) -> None:
    await upgrade(old_url)
    store = await Store.open(old_url)
    await store.channels.change(
        workspace_key("room", "home"), eagerness=70, retention_days=7, mode="off", at=START
    )
    await store.channels.change(HALL, retention_days=None, quiet_until=None, quiet_hours=None)
    await store.close()

    await _migrate(old_url, command.downgrade, FIRST)

    rows = await _run(
        old_url,
        "SELECT channel, mode, eagerness, persona, bot_loop_budget, retention_days,"
        " quiet_until IS NULL, quiet_hours IS NULL FROM channels ORDER BY channel",
    )
    assert [tuple(row) for row in rows] == [
        ("hall", "off", 70, "Kind", 3, None, True, True),
        ("kitchen", "mention", 20, "", 3, 30, False, False),
    ]


async def test_a_downgrade_leaves_a_channel_that_chose_nothing_what_its_workspace_chose(
    old_url: str,
) -> None:
    await upgrade(old_url)
    store = await Store.open(old_url)
    attic, cellar = (replace(ROOM, channel=name) for name in ("attic", "cellar"))
    await store.messages.create(replace(attic, thread="box"))
    await store.messages.create(cellar)
    await store.messages.create(replace(cellar, workspace="office"))
    await store.channels.change(workspace_key("room", "home"), mode="off", retention_days=7)
    await store.channels.change(cellar, eagerness=20, at=START)
    await store.close()

    await _migrate(old_url, command.downgrade, FIRST)

    rows = await _run(
        old_url,
        "SELECT workspace, channel, mode, eagerness, retention_days, persona FROM channels"
        " WHERE channel IN ('attic', 'cellar') ORDER BY channel",
    )
    assert [tuple(row) for row in rows] == [
        ("home", "attic", "off", 50, 7, ""),
        ("home", "cellar", "off", 20, 7, ""),
    ]


async def test_a_downgrade_keeps_what_was_said_and_can_be_upgraded_again(old_url: str) -> None:
    await upgrade(old_url)
    store = await Store.open(old_url)
    await store.messages.record(message("m2"))
    (_, second) = await store.messages.recent(ROOM, limit=2)
    kept = await store.decisions.keep(ROOM, [second.row], SILENT, **kept_with())
    await store.outbox.add(reply("k2", decision_id=kept.id))
    before = await store.messages.recent(ROOM, limit=5)
    await store.close()

    await _migrate(old_url, command.downgrade, FIRST)
    await upgrade(old_url)

    store = await Store.open(old_url)
    assert await store.messages.recent(ROOM, limit=5) == before
    assert [item.key for item in await store.outbox.pending("room")] == ["k1", "k2"]
    await store.close()
