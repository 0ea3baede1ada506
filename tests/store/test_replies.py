"""Replies and what they answer: those whose questions are gone, and the history behind a decision."""

from collections.abc import Sequence

from bot.store import Store
from tests.store.samples import ANN, EARSHOT, ROOM, SPEAK, THREAD, kept_with, later, message, reply


async def _answered(
    store: Store, asked: Sequence[str], *, key: str = "k1", addressed: Sequence[str] = ()
) -> int:
    """Say a burst and post a reply named after its key; give the decision."""
    for id in asked:
        await store.messages.record(message(id, addressed=id in addressed))
    rows = [entry.row for entry in await store.messages.recent(ROOM, limit=len(asked))]
    kept = await store.decisions.keep(ROOM, rows, SPEAK, **kept_with())
    last = [id for id in asked if not addressed or id in addressed][-1]
    await store.outbox.add(reply(key, decision_id=kept.id, reply_to=last))
    await store.outbox.posted(key, message_id=f"r-{key}", author=EARSHOT, at=later(1))
    return kept.id


async def _delete(store: Store, *ids: str) -> None:
    for id in ids:
        assert await store.messages.delete(ROOM, id, at=later(2))


async def test_a_reply_is_bereft_once_all_that_it_answers_is_deleted(store: Store) -> None:
    await _answered(store, ["m1", "m2"])

    await _delete(store, "m2")
    assert await store.messages.bereft(ROOM, "m2") == []

    await _delete(store, "m1")
    assert await store.messages.bereft(ROOM, "m1") == ["r-k1"]
    assert await store.messages.bereft(THREAD, "m1") == []


async def test_a_reply_answers_the_addressed_messages_of_its_burst_alone(store: Store) -> None:
    await _answered(store, ["m1", "m2", "m3"], addressed=["m2"])

    await _delete(store, "m3")
    assert await store.messages.bereft(ROOM, "m3") == []

    await _delete(store, "m2")
    assert await store.messages.bereft(ROOM, "m2") == ["r-k1"]


async def test_a_reply_with_another_addressed_message_left_is_not_bereft(store: Store) -> None:
    await _answered(store, ["m1", "m2"], addressed=["m1", "m2"])

    await _delete(store, "m2")

    assert await store.messages.bereft(ROOM, "m2") == []


async def test_an_addressed_message_elsewhere_takes_no_question_from_a_reply(store: Store) -> None:
    await _answered(store, ["m1"], addressed=["m1"])

    await _answered(store, ["m2"], key="k2")

    assert await store.messages.bereft(ROOM, "m2") == []


async def test_all_parts_of_a_bereft_reply_are_listed(store: Store) -> None:
    await _answered(store, ["m1"])
    for number, message_id in enumerate(("r-k1", "r-more", "r-end")):
        await store.outbox.part_posted("k1", number, message_id)

    await _delete(store, "m1")

    assert await store.messages.bereft(ROOM, "m1") == ["r-k1", "r-more", "r-end"]


async def test_a_deleted_reply_is_not_bereft(store: Store) -> None:
    await _answered(store, ["m1"])

    await _delete(store, "m1", "r-k1")

    assert await store.messages.bereft(ROOM, "m1") == []


async def test_other_replies_are_not_bereft(store: Store) -> None:
    await _answered(store, ["m1"])
    await _answered(store, ["m2"], key="k2")

    await _delete(store, "m1")

    assert await store.messages.bereft(ROOM, "m1") == ["r-k1"]
    assert await store.messages.bereft(ROOM, "m2") == []
    assert await store.messages.bereft(ROOM, "nothing") == []


async def test_a_reply_without_a_decision_answers_what_it_names(store: Store) -> None:
    await store.messages.record(message("m1"))
    await store.outbox.add(reply(reply_to="m1"))
    await store.outbox.posted("k1", message_id="r1", author=EARSHOT, at=later(1))
    assert await store.messages.bereft(ROOM, "m1") == []

    await _delete(store, "m1")

    assert await store.messages.bereft(ROOM, "m1") == ["r1"]


async def test_a_waiting_reply_has_a_question_left_until_all_are_deleted_or_hidden(
    store: Store,
) -> None:
    decision_id = await _answered(store, ["m1", "m2", "m3"], addressed=["m1", "m2"])
    for key, answers in {"k2": decision_id, "k3": None}.items():
        await store.outbox.add(reply(key, decision_id=answers, reply_to="m2"))

    await _delete(store, "m2")
    left = [await store.outbox.has_question_left(key) for key in ("k2", "k3", "unknown")]
    assert left == [True, False, True]

    await store.speakers.opt_out(ROOM.platform, ROOM.workspace, ANN)
    assert not await store.outbox.has_question_left("k2")


async def test_deleting_a_reply_bereaves_nobody(store: Store) -> None:
    await _answered(store, ["m1"])
    await _delete(store, "r-k1")

    assert await store.messages.bereft(ROOM, "r-k1") == []


async def test_the_history_behind_a_decision_ends_with_its_burst(store: Store) -> None:
    first = await _answered(store, ["m1", "m2"])
    second = await _answered(store, ["m3"], key="k2")

    async def behind(decision_id: int, limit: int = 10) -> list[str]:
        found = await store.messages.up_to_decision(ROOM, decision_id, limit=limit)
        return [entry.id for entry in found]

    assert await behind(first) == ["m1", "m2"]
    assert await behind(second) == ["m1", "m2", "r-k1", "m3"]
    assert await behind(second, limit=2) == ["r-k1", "m3"]
    assert await behind(second + 1) == []
    assert await store.messages.up_to_decision(THREAD, first, limit=5) == []
