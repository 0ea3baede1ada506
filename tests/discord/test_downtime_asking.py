"""A question asked by a command, while what was missed is still being fetched."""

import pytest

from bot.platforms.discord import acknowledging
from tests.discord.weather import Weather


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def test_a_question_comes_after_what_was_missed(chat, server, monkeypatch):
    monkeypatch.setattr(acknowledging, "FIRST_WAIT_S", 0.0)
    mia = server.member("Mia")
    async with chat.running():
        first = await mia.says(server.general, "hello")
        await chat.heard(server.general, first)

    await mia.says(server.general, "the boat leaves at nine")
    gate = server.faults.hold(on="GET */messages")
    async with chat.running(connects=False):
        await gate.reached.wait()
        asked = await mia.slash("assistant ask", question="when does it leave?", wait=False)
        await server.until(lambda: asked.deferred)
        gate.open()
        await server.until(lambda: asked.settled)
        await chat.settled()

        assert [text for _, text in await chat.history(server.general)] == [
            "hello",
            "the boat leaves at nine",
            "when does it leave?",
            "Paris.",
        ]
        assert asked.text.endswith("Paris.")


async def test_a_question_of_before_a_stop_is_not_taken_for_deleted(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await mia.slash("assistant ask", question="where is it?")
        await chat.settled()
    async with chat.running():
        later = await mia.says(server.general, "thanks")
        await chat.heard(server.general, later)

        assert [text for _, text in await chat.history(server.general)] == [
            "where is it?",
            "Paris.",
            "thanks",
        ]
