import pytest

from bot.store import Store
from tests.pipeline.scene import Scene


@pytest.fixture
async def store(database_url):
    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
async def scene(store):
    scene = Scene(store)
    yield scene
    async with scene.pipeline.conversations:
        pass  # stops what still runs
