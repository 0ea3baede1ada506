"""A stop in the middle of things: what waited is decided once, and no reply is lost or doubled."""

import pytest

from tests.discord.weather import Weather
from tests.fakes import PausingModel

POST = "POST */messages"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def greeted(chat):
    """Let the bot come to the server and go, so that its greeting is behind us."""
    async with chat.running():
        await chat.server.until(lambda: chat.server.posts(chat.server.general))


async def stopped_while_it_writes(chat, mia):
    """Stop the bot when the first words of a reply are shown; give the question."""
    server = chat.server
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        asked = await mia.says(server.general, "the capital of France?", mentions=[server.bot])
        await server.until(lambda: chat.posts() == ["The capital of France is"])
    chat.model.may_go_on.set()
    return asked


async def test_a_draft_is_taken_away_and_the_question_answered_anew(chat, server):
    mia = server.member("Mia")
    asked = await stopped_while_it_writes(chat, mia)

    async with chat.running():
        await server.until(lambda: chat.posts() == ["The capital of France is Paris."])
        await chat.settled()

        assert [each.reply_to_id for each in chat.messages()] == [asked.id]
        assert await chat.texts() == [
            "@Earshot the capital of France?",
            "The capital of France is Paris.",
        ]


async def test_what_waited_and_what_was_missed_are_decided_together(chat, server):
    mia = server.member("Mia")
    await stopped_while_it_writes(chat, mia)
    chat.model = chat.model.__class__(reply_text="Paris, as you say.")
    chat.model.may_go_on.set()
    last = await mia.says(server.general, "never mind, it is Paris")

    async with chat.running():
        await chat.heard(server.general, last)
        await server.until(lambda: chat.posts() == ["Paris, as you say."])
        await chat.settled()

        assert await chat.decisions() == [("speak", "addressed")]
        assert "never mind, it is Paris" in chat.shown()[-2]


async def test_a_stop_between_post_and_record_posts_nothing_twice(chat, server):
    await greeted(chat)
    mia = server.member("Mia")
    gate = server.faults.hold(on=POST, after=True)
    async with chat.running():
        await mia.says(server.general, "the capital of France?", mentions=[server.bot])
        await gate.reached.wait()
    server.faults.clear()
    server.nonces.clear()  # as minutes later

    async with chat.running():
        (reply,) = chat.messages()
        await chat.heard(server.general, reply)

        assert chat.posts() == ["Paris."]
        assert await chat.texts() == ["@Earshot the capital of France?", "Paris."]


async def test_a_stop_before_the_post_posts_after_the_start(chat, server):
    await greeted(chat)
    mia = server.member("Mia")
    gate = server.faults.hold(on=POST)
    async with chat.running():
        await mia.says(server.general, "the capital of France?", mentions=[server.bot])
        await gate.reached.wait()
        server.faults.reset(on=POST, times=99)
    server.faults.clear()

    async with chat.running():
        await server.until(lambda: chat.posts())
        (reply,) = chat.messages()
        await chat.heard(server.general, reply)

        assert chat.posts() == ["Paris."]
