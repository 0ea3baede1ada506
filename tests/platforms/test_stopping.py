"""Told to stop, what runs is cancelled and closed, and that is no error."""

import asyncio
import os
import signal

import pytest

from bot.stopping import until_told_to_stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_work_in_order(number):
    steps = []

    async def work():
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            steps.append("closed")

    await until_told_to_stop(work())

    assert steps == ["closed"]


async def test_what_the_work_raises_is_raised():
    async def work():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await until_told_to_stop(work())
