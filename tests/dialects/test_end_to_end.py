"""A conversation through the whole bot, on every server: heard, decided, answered."""

import pytest

from bot.messages import Action, Author
from bot.platforms.replay import Replay
from bot.store import Store
from inference.wire.conversation_file import FileConversation, FileMessage

ME = Author("earshot", "Earshot", is_bot=True)
CHAT = FileConversation(
    "trip",
    1,
    (
        FileMessage("Ana", "I packed."),
        FileMessage("Ben", "what is the capital of France?"),
        FileMessage("Ana", "good to know"),
    ),
)


@pytest.fixture
async def store(database_url):
    store = await Store.open(database_url)
    yield store
    await store.close()


async def test_a_conversation_is_decided_and_answered_alike_on_every_server(model, store):
    runner = Replay(store=store, model=model, me=ME, own_history=True)

    replayed = [one async for one in runner.conversation(CHAT)]

    assert [one.decision.action for one in replayed] == [
        Action.SILENT,
        Action.SPEAK,
        Action.SILENT,
    ]
    assert [one.reply for one in replayed] == [None, "Paris.", None]
