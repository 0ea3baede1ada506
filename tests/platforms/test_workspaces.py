"""Workspaces are greeted once, and anew when all that was known of them is erased."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.platforms.workspaces import Workspaces
from bot.store import Store

NOW = datetime(2026, 5, 1, tzinfo=UTC)
GRACE = timedelta(days=7)


class Times:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
async def store(database_url):
    store = await Store.open(database_url)
    yield store
    await store.close()


async def is_gone(workspace):
    return True


async def test_who_removed_it_unheard_is_greeted_anew_after_the_grace(store):
    times, posted = Times(), []
    workspaces = Workspaces(store, "discord", times, GRACE)

    async def post():
        posted.append(times.now)

    await workspaces.joined("7", "Island")
    await workspaces.greet("7", "Island", post)
    await workspaces.missing(lambda each: True)
    times.now += 2 * GRACE
    await workspaces.purge(is_gone)
    await workspaces.joined("7", "Island")
    await workspaces.greet("7", "Island", post)

    assert posted == [NOW, NOW + 2 * GRACE]
