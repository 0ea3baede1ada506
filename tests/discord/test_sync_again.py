"""Discord is told of the commands again where it lost them, soon at first."""

from types import SimpleNamespace

import pytest

from bot.platforms.discord import sync
from bot.platforms.discord.sync import Registration
from bot.store import Store

SERVER = 7
CLIENT = SimpleNamespace(application_id=1)


class Told:
    """Takes commands instead of Discord; `meanwhile` happens in the first call."""

    def __init__(self, meanwhile=None, refusals=0):
        self.num_calls = 0
        self.meanwhile = meanwhile
        self.refusals = refusals

    async def __call__(self, *_):
        self.num_calls += 1
        if self.num_calls == 1 and self.meanwhile is not None:
            await self.meanwhile()
        if self.num_calls <= self.refusals:
            raise TimeoutError


@pytest.fixture
async def store(database_url):
    store = await Store.open(database_url)
    yield store
    await store.close()


async def test_what_is_lost_while_it_is_told_is_told_again(store, monkeypatch):
    registration = Registration(store.notes, [], guild_id=SERVER)
    told = Told(lambda: registration.lost(SERVER))
    monkeypatch.setattr(sync, "_put", told)

    await registration.tell(CLIENT)
    for _ in range(2):
        await registration.try_again(CLIENT)

    assert told.num_calls == 2


async def test_once_it_was_taken_the_next_trouble_is_tried_again_soon(store, monkeypatch):
    registration = Registration(store.notes, [], guild_id=SERVER)
    told = Told(refusals=3)
    monkeypatch.setattr(sync, "_put", told)
    await registration.tell(CLIENT)
    for _ in range(1 + 2 + 4):
        await registration.try_again(CLIENT)
    assert told.num_calls == 4

    await store.notes.drop("discord", sync.NOTE)
    told.refusals = 5
    await registration.tell(CLIENT)
    await registration.try_again(CLIENT)

    assert told.num_calls == 6
