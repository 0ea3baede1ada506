"""Where the gap of a session begins: where a shard was last heard with nothing missing before."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import discord
import pytest

from bot.platforms.discord.last_listened import LastListened
from bot.store import Store

START = datetime(2026, 5, 1, tzinfo=UTC)
LONG_AGO = START - timedelta(days=3)


class Times:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
async def store(database_url):
    store = await Store.open(database_url)
    await LastListened(store, lambda: LONG_AGO).note_shard(0)
    yield store
    await store.close()


def connected():
    """Give a client whose only shard has its connection."""
    shard = SimpleNamespace(is_closed=lambda: False)
    return Mock(spec=discord.AutoShardedClient, shards={0: shard})


async def test_a_stop_before_its_gap_is_closed_leaves_it_to_the_next_start(store):
    listened = LastListened(store, Times())
    listened.session_began(0)

    await listened.note(connected())

    assert await LastListened(store, Times()).before(0) == LONG_AGO


async def test_a_shard_whose_gap_is_closed_is_noted_again_and_again(store):
    times = Times()
    listened = LastListened(store, times)
    listened.session_began(0)
    await listened.note_shard(0)

    times.now += timedelta(minutes=1)
    await listened.note(connected())

    assert await LastListened(store, times).before(0) == times.now


async def test_what_nobody_closed_stays_a_gap_however_many_sessions_begin(store):
    times = Times()
    listened = LastListened(store, times)
    listened.session_began(0)
    await listened.note_shard(0)
    listened.session_began(0)

    times.now += timedelta(minutes=1)
    await listened.note(connected())
    listened.session_began(0)

    assert await listened.before(0) == START
