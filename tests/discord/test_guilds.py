"""Servers that the bot joins and leaves, where the history fails, or it is just removed."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.errors import StoreError
from bot.platforms import insist
from bot.platforms.discord.guilds import Guilds
from bot.platforms.workspaces import Workspaces
from bot.store import Store

NOW = datetime(2026, 5, 1, tzinfo=UTC)
GRACE = timedelta(days=7)
SERVER = 7


class Losing:
    """Hears in which servers commands were forgotten; the history fails it once."""

    def __init__(self):
        self.told = []

    async def lost(self, guild_id):
        self.told.append(guild_id)
        if len(self.told) == 1:
            raise StoreError("the disk is full")


@pytest.fixture
async def store(database_url):
    store = await Store.open(database_url)
    yield store
    await store.close()


def guild(me):
    return SimpleNamespace(id=SERVER, name="Island", me=me, unavailable=False)


async def test_what_a_server_forgot_is_noted_though_the_history_fails(store, monkeypatch):
    monkeypatch.setattr(insist, "FIRST_WAIT_S", 0)
    losing = Losing()
    workspaces = Workspaces(store, "discord", lambda: NOW, GRACE)
    guilds = Guilds(store, None, workspaces, losing.lost)

    await guilds.all_joined([guild(SimpleNamespace(joined_at=NOW))])

    assert losing.told == [SERVER, SERVER]


async def test_a_server_that_is_just_removing_it_is_no_trouble(store):
    losing = Losing()
    losing.told.append(0)  # the history has failed it already
    workspaces = Workspaces(store, "discord", lambda: NOW, GRACE)

    await Guilds(store, None, workspaces, losing.lost).all_joined([guild(None)])

    assert losing.told == [0, SERVER]
