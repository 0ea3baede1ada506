"""A long reply to a command whose connection breaks: no part of it stands there twice."""

import asyncio

import pytest

from tests.discord.weather import Weather
from tests.discord_server import Permission
from tests.discord_server.odd import poison
from tests.fakes import PausingModel

LONG = "Well, " + "\n\n".join(
    " ".join([f"word{number}"] * 250) for number in range(3)
)  # three messages
CALLBACK = "POST */callback"
QUESTION = "how far is Turin?"
SHOWN = f"> {QUESTION}\n{LONG}"


@pytest.fixture
def chat(server, database_url):
    made = Weather(server, database_url)
    made.model.reply_text = LONG
    return made


async def ask(chat, *, streams):
    """Ask by a command, and wait until the whole reply is given."""
    await chat.set(stream_replies=streams)
    await chat.server.founder.slash("assistant ask", question=QUESTION)
    await chat.server.until(lambda: chat.messages()[-1].content.endswith("word2"))
    await chat.settled()


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("on", ["POST */messages", "POST */webhooks/*", "PATCH */@original"])
async def test_a_part_whose_answer_was_lost_stands_there_once(chat, server, on, streams):
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        server.faults.reset(on=on, after=True)
        await ask(chat, streams=streams)

    assert "\n\n".join(chat.posts()) == SHOWN


async def test_where_it_may_not_write_the_parts_are_answers_too(chat, server):
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        server.change_permissions(server.general, deny=Permission.SEND_MESSAGES)
        await ask(chat, streams=False)

    assert "\n\n".join(chat.posts()) == SHOWN
    assert all(each.interaction for each in chat.messages())


async def test_a_command_that_discord_tells_twice_is_answered_once(chat, server):
    chat.model = PausingModel()
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        await server.founder.slash("assistant ask", question=QUESTION, wait=False)
        await chat.model.is_writing.wait()
        server.gateway.again("INTERACTION_CREATE")
        await server.founder.slash("assistant why")  # by then the second one is heard
        chat.model.may_go_on.set()
        await chat.settled()
        await server.founder.slash("assistant why")  # whatever it did about the first is done

    assert chat.posts() == [f"> {QUESTION}\nParis."]
    assert len(server.asked("POST", "/callback")) == 3  # one for each command


async def test_what_a_command_answers_is_said_though_its_client_goes_meanwhile(chat, server):
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        await chat.settled()
        gate = server.faults.hold(on=CALLBACK)
        asked = asyncio.create_task(server.founder.slash("assistant status"))
        await gate.reached.wait()
        await _client_gone(chat, server)
        gate.open()
        answered = await asked

    assert "Eagerness: 50 of 100" in answered.text


async def test_a_command_is_answered_in_its_place_though_its_client_is_gone(chat, server):
    chat.model = PausingModel(reply_text="Paris|.")
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        await server.founder.slash("assistant ask", question=QUESTION, wait=False)
        await chat.model.is_writing.wait()
        gone = chat.bot.client
        await _client_gone(chat, server)
        await server.until(lambda: chat.bot.client is not gone)
        chat.model.may_go_on.set()
        await chat.settled()

    assert chat.posts() == [f"> {QUESTION}\nParis."]


async def test_a_command_is_acknowledged_though_its_client_goes_meanwhile(chat, server):
    chat.model.reply_text = "Paris."
    async with chat.running():
        await server.until(lambda: server.posts(server.general))
        await chat.settled()
        gate = server.faults.hold(on=CALLBACK)
        await server.founder.slash("assistant ask", question=QUESTION, wait=False)
        await gate.reached.wait()
        await _client_gone(chat, server)
        gate.open()
        await server.until(chat.posts)
        await chat.settled()

    assert chat.posts() == [f"> {QUESTION}\nParis."]


async def _client_gone(chat, server):
    """Let the client meet what its parser cannot digest, and wait until it is closed."""
    gone = chat.bot.client
    poison(server, server.general, server.member("Ben"))
    await server.until(gone.is_closed)
