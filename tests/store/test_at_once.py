"""Many writers at once on PostgreSQL: nobody waits for each other in a circle, and nothing is lost."""

import asyncio

import pytest

from bot.store import Store, intake
from bot.store.conversations import ensured_ids
from tests.store.samples import THREAD, later, message

# SQLite has one writer at a time.
pytestmark = pytest.mark.parametrize("backend", ["postgresql"])


async def test_a_conversation_that_is_no_longer_remembered_is_still_written_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_PLACES", 0)
    await store.messages.record(message("m1"))
    is_midway, may_go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*args):
        found = await ensured_ids(*args)
        if not is_midway.is_set():
            is_midway.set()
            await may_go_on.wait()
        return found

    monkeypatch.setattr(intake, "ensured_ids", slowly)
    both = [message("m2"), message("m3", conversation=THREAD)]
    writing = asyncio.create_task(store.messages.record_all(both))
    await is_midway.wait()
    await store.messages.record(message("m4", sent_at=later(1)))
    may_go_on.set()

    assert await writing == 2
