import pytest

from bot.errors import ModelUnavailable
from bot.messages import Action, Author
from bot.platforms.replay import Replay
from bot.store import Store
from inference.wire.conversation_file import FileConversation, FileMessage
from tests.fakes import FakeModel

ME = Author("earshot", "Earshot", is_bot=True)
CHAT = FileConversation(
    "trip",
    1,
    (
        FileMessage("Ana", "I packed."),
        FileMessage("Ben", "when does the train leave?"),
        FileMessage(None, "At nine."),
        FileMessage("Ana", "good"),
    ),
)


@pytest.fixture
async def replay(database_url):
    store = await Store.open(database_url)

    async def run(model, conversation=CHAT, **options):
        own_history = options.pop("own_history", False)
        runner = Replay(store=store, model=model, me=ME, own_history=own_history, **options)
        return [replayed async for replayed in runner.conversation(conversation)]

    yield run
    await store.close()


def answers(turns):
    return [turn["content"] for turn in turns[:-1] if turn["role"] == "assistant"]


async def test_every_message_of_a_person_is_decided_on_by_the_threshold(replay):
    replayed = await replay(FakeModel(reply_text="At eight."))

    assert [(one.index, one.name) for one in replayed] == [(0, "Ana"), (1, "Ben"), (3, "Ana")]
    assert [one.decision.action for one in replayed] == [
        Action.SILENT,
        Action.SPEAK,
        Action.SILENT,
    ]
    assert [one.decision.p_speak for one in replayed] == [0.1, 0.9, 0.1]
    assert [one.reply for one in replayed] == [None, "At eight.", None]


async def test_the_files_own_assistant_turns_are_the_history(replay):
    model = FakeModel(reply_text="At eight.")

    await replay(model)

    assert answers(model.asked[-1]) == ["(silence)", "(response) At nine."]


async def test_with_own_history_the_models_replies_are_the_history(replay):
    model = FakeModel(reply_text="At eight.")

    await replay(model, own_history=True)

    assert answers(model.asked[-1]) == ["(silence)", "(response) At eight."]


async def test_a_mention_in_a_file_is_ambient(replay):
    chat = FileConversation("ask", 1, (FileMessage("Ana", "@Earshot hello"),))

    (only,) = await replay(FakeModel(p_speak=lambda text: 0.2), chat)

    assert (only.decision.action, only.decision.p_speak) == (Action.SILENT, 0.2)


async def test_without_replies_the_decisions_are_the_same(replay):
    replayed = await replay(FakeModel(), with_replies=False)

    assert [one.decision.p_speak for one in replayed] == [0.1, 0.9, 0.1]
    assert [one.reply for one in replayed] == [None, None, None]


async def test_a_model_that_fails_is_shown_as_failed_not_as_silent(replay):
    replayed = await replay(FakeModel(failure=ModelUnavailable("the server is down")))

    assert {one.decision.action for one in replayed} == {Action.FAILED}


async def test_a_model_that_fails_while_it_writes_is_shown_as_failed_with_its_score(replay):
    class Speechless(FakeModel):
        async def reply(self, turns, *, session):
            raise ModelUnavailable("the server is down")
            yield ""

    replayed = await replay(Speechless())

    assert replayed[1].decision.action is Action.FAILED
    assert replayed[1].decision.p_speak == 0.9


async def test_the_same_conversation_twice_in_a_file_is_two_conversations(replay):
    model = FakeModel()
    await replay(model)
    again = FileConversation(CHAT.id, 2, CHAT.messages)

    replayed = await replay(model, again)

    assert len(replayed) == 3
    assert answers(model.asked[-1]) == ["(silence)", "(response) At nine."]
