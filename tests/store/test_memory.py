"""What the history knows is told right also while it is being written."""

from bot.platforms.memory import Memory
from tests.store.samples import ROOM, later, message


async def test_a_message_that_is_fetched_while_it_is_looked_for_is_not_past(store, monkeypatch):
    await store.messages.record(message("m1", "first"))
    missed = message("m2", "missed", sent_at=later(1))
    find = store.messages.find

    async def found(where, message_id):
        before = await find(where, message_id)
        await store.messages.record(missed)
        return before

    monkeypatch.setattr(store.messages, "find", found)

    assert not await Memory(store).is_past(ROOM, missed.id, missed.sent_at)
