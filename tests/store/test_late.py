"""What is fetched late stands before what was heard meanwhile."""

import asyncio

import pytest

from bot.store import Store
from tests.store.samples import ROOM, START, later, message


async def order(store: Store) -> list[str]:
    return [entry.id for entry in await store.messages.recent(ROOM, limit=100)]


def some(*ids: str):
    return [message(each, sent_at=later(int(each[1:]))) for each in ids]


async def test_what_is_fetched_page_by_page_stands_in_the_order_of_time(store: Store) -> None:
    await store.messages.record(message("m1"))
    room = await store.late.keep_room(10)
    await store.messages.record(message("m9"))

    assert await store.late.record(room, some("m6", "m7"), upwards=False) == 2
    assert await store.late.record(room, some("m4", "m5"), upwards=False) == 2
    await store.messages.record(message("m10"))

    assert await order(store) == ["m1", "m4", "m5", "m6", "m7", "m9", "m10"]


async def test_what_is_fetched_from_the_oldest_on_stands_in_the_order_of_time(store: Store) -> None:
    room = await store.late.keep_room(10)
    await store.messages.record(message("m9"))

    assert await store.late.record(room, some("m4", "m5"), upwards=True) == 2
    assert await store.late.record(room, some("m6", "m7"), upwards=True) == 2

    assert await order(store) == ["m4", "m5", "m6", "m7", "m9"]


async def test_what_is_known_is_not_recorded_again(store: Store) -> None:
    room = await store.late.keep_room(10)
    await store.messages.record(message("m9"))
    await store.late.record(room, some("m6", "m7"), upwards=False)

    assert await store.late.record(room, some("m5", "m6", "m7", "m9"), upwards=False) == 1

    assert await order(store) == ["m5", "m6", "m7", "m9"]


@pytest.mark.parametrize(("upwards", "left"), [(True, ["m1", "m2"]), (False, ["m2", "m3"])])
async def test_what_finds_no_row_is_left_out(store: Store, upwards: bool, left: list[str]) -> None:
    room = await store.late.keep_room(2)

    assert await store.late.record(room, some("m1", "m2", "m3"), upwards=upwards) == 2
    assert await store.late.record(room, some("m4"), upwards=upwards) == 0

    assert await order(store) == left


async def test_rows_are_kept_for_one_only(store: Store) -> None:
    async def heard(number: int) -> None:
        await store.messages.record(message(f"n{number}"))

    rooms, _ = await asyncio.gather(
        asyncio.gather(*(store.late.keep_room(7) for _ in range(8))),
        asyncio.gather(*(heard(number) for number in range(8))),
    )

    rows = [row for room in rooms for row in room]
    rows += [entry.row for entry in await store.messages.recent(ROOM, limit=100)]
    assert len(set(rows)) == len(rows) == 64


async def test_a_naive_time_is_refused(store: Store) -> None:
    room = await store.late.keep_room(1)
    naive = message("m1", sent_at=START.replace(tzinfo=None))

    with pytest.raises(ValueError, match="naive"):
        await store.late.record(room, [naive], upwards=True)


async def test_the_places_with_gaps_are_known(store: Store) -> None:
    await store.messages.record(message("m1"))
    assert await store.late.open_gaps("room", "home") == []

    await store.marks.open_gap(ROOM, START)

    assert await store.late.open_gaps("room", "home") == [ROOM]
    assert await store.late.open_gaps("room", "office") == []
