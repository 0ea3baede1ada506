"""Small facts by name: noted once, moved on, dropped, and listed by workspace."""

import asyncio

from bot.store import Store


async def test_a_note_is_claimed_by_one(store: Store) -> None:
    tries = [store.notes.claim("slack", "greeted-C1/T1", str(number)) for number in range(5)]

    assert sorted(await asyncio.gather(*tries)) == [False, False, False, False, True]


async def test_a_note_that_was_dropped_can_be_claimed_again(store: Store) -> None:
    await store.notes.claim("slack", "greeted-C1/T1")
    await store.notes.claim("slack", "greeted-C2/T1")

    await store.notes.drop("slack", "greeted-C1/T1")

    assert await store.notes.claim("slack", "greeted-C1/T1")
    assert not await store.notes.claim("slack", "greeted-C2/T1")


async def test_of_two_that_note_at_once_the_later_value_stays(store: Store) -> None:
    tries = [store.notes.advance("slack", "member-C1/T1", each) for each in ("2 in", "1 in")]

    is_noted, _ = await asyncio.gather(*tries)

    assert is_noted
    assert await store.notes.get("slack", "member-C1/T1") == "2 in"


async def test_a_note_only_moves_on(store: Store) -> None:
    assert await store.notes.advance("slack", "member-C1/T1", "2 in")
    assert not await store.notes.advance("slack", "member-C1/T1", "1 in")
    assert not await store.notes.advance("slack", "member-C1/T1", "2 in")
    assert await store.notes.advance("slack", "member-C1/T1", "2 out")
    assert await store.notes.get("slack", "member-C1/T1") == "2 out"


async def test_notes_of_one_kind_are_listed_by_workspace(store: Store) -> None:
    for name in ("member-C1/T1", "member-C2/T1", "member-C1/T2", "greeted-C1/T1", "member-C3/t1"):
        await store.notes.set("slack", name, f"of {name}")
    await store.notes.set("discord", "member-C4/T1", "elsewhere")

    found = await store.notes.named("slack", "member-", "T1")

    assert found == {"C1": "of member-C1/T1", "C2": "of member-C2/T1"}
