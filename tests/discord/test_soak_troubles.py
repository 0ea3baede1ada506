"""What goes wrong in a soak ends with it, however seldom it is to happen."""

import asyncio
import random
import time

from tests.soaking.troubles import Troubles
from tests.waiting import WITHIN_S

NEVER_S = 1e6


class Sunshine:
    """Weather in which nothing goes wrong."""

    odds = {"nothing": 1.0}

    def __init__(self):
        self.made = []

    async def make(self, name):
        self.made.append(name)

    def fits(self, name, times, *, is_late):
        return True


async def test_a_soak_whose_next_fault_is_far_off_ends_in_time():
    weather = Sunshine()
    troubles = Troubles(weather, [], "sqlite:///nowhere.db", random.Random(1), ends_until_s=0.0)

    async with asyncio.timeout(WITHIN_S):
        await troubles.go_on(until_s=time.monotonic() + 0.05, every_s=NEVER_S)

    assert weather.made == []
