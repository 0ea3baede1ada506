"""Deleted replies and the audit log, where the log fails or tells older counts later."""

from datetime import UTC, datetime
from types import SimpleNamespace

import discord
import pytest

from bot.messages import ConversationKey
from bot.platforms.discord import removals
from bot.platforms.discord.removals import Removals

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ENTRY = discord.utils.time_snowflake(NOW)
WHERE = ConversationKey("discord", "7", "8")
GUILD = SimpleNamespace(
    id=7,
    name="Island",
    me=SimpleNamespace(id=1, guild_permissions=SimpleNamespace(view_audit_log=True)),
)


class Kept:
    """Keeps which replies were removed by whom."""

    def __init__(self):
        self.removals = []

    async def removed(self, where, decision_id, moderator_id):
        self.removals.append((decision_id, moderator_id))


def entry(count, moderator=2):
    """Make an entry on deletions of the bot's messages, as Discord tells of a new one."""
    extra = SimpleNamespace(channel=SimpleNamespace(id=8), count=count)
    target = SimpleNamespace(id=1)
    return SimpleNamespace(id=ENTRY, guild=GUILD, target=target, user_id=moderator, extra=extra)


@pytest.fixture
def log(monkeypatch):
    """What the audit log gives, in order; None where it cannot be read."""
    pages = []

    async def newest(*_):
        return pages.pop(0) if pages else {"audit_log_entries": [], "users": []}

    monkeypatch.setattr(removals, "_newest", newest)
    return pages


async def test_while_the_log_cannot_be_read_nobody_is_taken_for_a_person(log):
    log += [None, {"audit_log_entries": [], "users": [{"id": "2", "bot": True}]}]
    kept = Kept()
    removed = Removals(kept, lambda: NOW)
    removed.deleted(8, WHERE, 5)
    removed.logged(entry(1))

    for _ in range(2):
        await removed.look(None, GUILD)

    assert kept.removals == []


async def test_an_older_count_that_comes_later_makes_no_deed_of_none(log):
    kept = Kept()
    removed = Removals(kept, lambda: NOW)
    for count in (2, 1, 2):
        removed.logged(entry(count))
    for decision in (5, 6, 7):
        removed.deleted(8, WHERE, decision)

    await removed.look(None, GUILD)

    assert kept.removals == [(5, "2"), (6, "2")]
