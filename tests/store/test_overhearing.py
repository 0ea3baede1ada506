"""What is overheard waits for nobody: its decision is there as soon as it is."""

from bot.messages import Action, Rule
from bot.store import Store
from tests.store.samples import ANN, BEN, ROOM, later, message


async def test_what_is_overheard_waits_for_no_decision(store: Store) -> None:
    await store.messages.record(message(overheard=True))

    (entry,) = await store.messages.recent(ROOM, limit=10)
    (kept,) = await store.decisions.last(ROOM, 5)
    assert await store.messages.waiting("room") == []
    assert (kept.decision.action, kept.decision.rule) == (Action.SILENT, Rule.OVERHEARD)
    assert (kept.message_id, kept.id) == (entry.id, entry.decision_id)


async def test_what_is_overheard_again_has_one_decision(store: Store) -> None:
    for _ in range(3):
        await store.messages.record(message(overheard=True))

    assert len(await store.decisions.last(ROOM, 5)) == 1


async def test_what_was_said_is_not_settled_by_overhearing_it(store: Store) -> None:
    await store.messages.record(message())

    assert not await store.messages.record(message(overheard=True))

    assert await store.messages.waiting("room") == [ROOM]


async def test_of_somebody_who_opted_out_no_decision_is_kept(store: Store) -> None:
    await store.speakers.opt_out("room", "home", ANN)

    await store.messages.record(message(overheard=True))

    assert await store.decisions.last(ROOM, 5) == []


async def test_beside_what_is_overheard_others_wait(store: Store) -> None:
    overheard = message("m1", overheard=True)
    said = message("m2", author=BEN, sent_at=later(1))

    await store.messages.record_all([overheard, said])

    first, second = await store.messages.recent(ROOM, limit=10)
    assert first.decision_id is not None
    assert second.decision_id is None
