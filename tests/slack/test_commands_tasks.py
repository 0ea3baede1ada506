"""What goes on after an acknowledgement: owned, ended in the end, and done once."""

import asyncio
import logging

import pytest

from bot.errors import PlatformUnavailable
from bot.platforms.slack.tasks import Once, Tasks


async def test_what_fails_is_logged_and_ends_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    tasks, done = Tasks(), asyncio.Event()

    async def fail() -> None:
        raise ValueError("a defect")

    async def succeed() -> None:
        done.set()

    with caplog.at_level(logging.ERROR):
        tasks.start(fail, name="the settings of C1")
        tasks.start(succeed, name="a command in C1")
        await tasks.idle()

    assert done.is_set()
    assert [record.getMessage() for record in caplog.records] == ["the settings of C1 failed"]


async def test_the_end_ends_what_is_being_done_and_refuses_what_is_still_to_come() -> None:
    tasks, begun, ended = Tasks(), asyncio.Event(), asyncio.Event()

    async def last() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def never() -> None:
        raise AssertionError("it is over")

    tasks.start(last, name="a question")
    await begun.wait()
    await tasks.close()
    with pytest.raises(PlatformUnavailable):
        tasks.start(never, name="too late")

    assert ended.is_set()


def test_the_same_is_new_only_once() -> None:
    once = Once()

    assert [once.is_new("1.2.x"), once.is_new("1.2.x"), once.is_new("1.3.x")] == [True, False, True]


def test_what_has_no_name_is_always_new() -> None:
    once = Once()

    assert once.is_new("")
    assert once.is_new("")


def test_only_the_newest_are_remembered() -> None:
    once = Once(max_remembered=2)

    assert all(once.is_new(name) for name in ("a", "b", "c"))
    assert once.is_new("a")
    assert not once.is_new("c")
