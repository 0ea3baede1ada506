"""Events of one place keep their order, however long each takes."""

import asyncio

from bot.platforms.in_order import InOrder
from tests.waiting import WITHIN_S


async def test_what_comes_later_waits_and_other_places_do_not():
    turns, done, slow = InOrder(), [], asyncio.Event()

    async def take(key, name, wait=None):
        async with turns.turn(key):
            if wait:
                await wait.wait()
            done.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(take("general", "message", slow))
        tasks.create_task(take("general", "edit"))
        last = tasks.create_task(take("kitchen", "other"))
        await last
        assert done == ["other"]
        slow.set()

    assert done == ["other", "message", "edit"]


async def test_a_turn_that_fails_or_is_given_up_holds_nobody_back():
    turns, begun = InOrder(), asyncio.Event()

    async def never_ends():
        async with turns.turn("general"):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(WITHIN_S), turns.turn("general"):
        pass
