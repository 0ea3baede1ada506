"""A message that discord.py cannot read hides none of ours, and keeps nobody else waiting."""

import pytest

from bot.errors import PlatformError
from bot.messages import ConversationKey
from bot.platforms.discord.trying import trying
from tests.discord.weather import Weather
from tests.fakes import PausingModel
from tests.logs import logged
from tests.waiting import seen

QUESTION = "the capital of France?"
WHERE = ConversationKey("discord", "1", "2")


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def say_something_odd(server):
    """Let a message stand there whose embed is of no form that Discord has."""
    odd = await server.member("Ben").says(server.general, "odd")
    odd.embeds = [{"type": "rich", "fields": 7, "author": 7, "timestamp": 7}]


async def waits(chat, channel, caplog):
    """Let Mia ask while Discord takes no message, until the reply has to wait."""
    before = len(logged(caplog))
    await chat.server.member("Mia").says(channel, QUESTION, mentions=[chat.server.bot])
    await seen(lambda: any("has to wait" in each for each in logged(caplog)[before:]))


async def test_a_draft_beside_an_odd_message_is_taken_away_at_the_next_start(chat, server):
    chat.model = PausingModel(reply_text="The capital is this city:| Paris.")
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        await server.member("Mia").says(server.general, QUESTION, mentions=[server.bot])
        await server.until(chat.posts)
    await say_something_odd(server)

    async with chat.running(connects=False):
        await server.until(lambda: chat.told and not chat.posts())


async def test_replies_that_wait_are_posted_beside_an_odd_message(chat, server, caplog):
    tea = server.add_channel("tea")
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        server.faults.respond(503, on="POST */messages", times=99)
        await waits(chat, server.general, caplog)
        await waits(chat, tea, caplog)
    server.faults.clear()
    await say_something_odd(server)

    async with chat.running():
        await server.until(lambda: chat.posts() and chat.posts(tea))

    assert (chat.posts(), chat.posts(tea)) == (["Paris."], ["Paris."])


async def test_a_defect_is_told_as_a_refusal_and_logged_with_its_place(server, caplog):
    async def call(client):
        raise KeyError("fields")

    class Client:
        user = "Earshot"

        def is_closed(self):
            return False

    with pytest.raises(PlatformError, match="Earshot failed to write in discord/1/2: 'fields'"):
        await trying(Client).tried(call, WHERE, "write")

    assert [each.exc_info is not None for each in caplog.records] == [True]
