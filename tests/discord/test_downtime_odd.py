"""What cannot be parsed, heard, posted or caught up after a downtime hides nothing else."""

import pytest

from bot.platforms.discord import hearing
from tests.discord.downtime import asked_and_answered, caught_up
from tests.discord.weather import Weather
from tests.logs import logged


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def test_a_message_of_the_past_that_cannot_be_parsed_hides_no_other(chat, server, caplog):
    await asked_and_answered(chat)
    mia = server.member("Mia")
    first = await mia.says(server.general, "missed 1")
    odd = await mia.says(server.general, "odd")
    odd.embeds = [{"type": "rich", "fields": 7, "author": 7, "timestamp": 7}]
    last = await mia.says(server.general, "missed 2")

    async with chat.running():
        await chat.heard(server.general, first)
        await chat.heard(server.general, last)
        await caught_up(chat)

        assert (await chat.texts())[2:] == ["missed 1", "missed 2", "hello"]
    assert "a message of Discord's cannot be read" in logged(caplog)


async def test_a_message_of_the_past_that_cannot_be_heard_hides_no_other(
    chat, server, caplog, monkeypatch
):
    mia = server.member("Mia")
    async with chat.running():
        changed = await mia.says(server.general, "we meet at nine")
        await chat.heard(server.general, changed)
    await mia.edits(changed, "we meet at odd")
    missed = [await mia.says(server.general, text) for text in ("missed 1", "odd", "missed 2")]
    monkeypatch.setattr(hearing, "words_of", _stumbling_over_odd(hearing.words_of))

    async with chat.running():
        await chat.heard(server.general, missed[-1])
        await caught_up(chat)

        assert await chat.texts() == ["we meet at nine", "missed 1", "missed 2", "hello"]
    assert f"Discord: message {missed[1].id} cannot be read" in logged(caplog)


def _stumbling_over_odd(words_of):
    def stumbling(message):
        if message.content.endswith("odd"):
            raise KeyError("a defect")
        return words_of(message)

    return stumbling


async def test_an_outage_of_posting_at_the_start_stops_nobody_from_being_heard(chat, server):
    await asked_and_answered(chat)
    mia = server.member("Mia")
    server.faults.respond(503, on="POST */messages", times=99)
    async with chat.running():
        await chat.heard(
            server.general, await mia.says(server.general, "of Norway?", mentions=[server.bot])
        )
    server.faults.clear()
    gate = server.faults.hold(on="POST */messages")

    async with chat.running():
        await gate.reached.wait()
        await caught_up(chat)
        gate.open()
        await server.until(lambda: len(chat.posts()) == 2)


async def test_commands_that_discord_would_not_take_are_registered_later(chat, server, caplog):
    server.faults.respond(503, on="PUT */commands", times=1)
    async with chat.running(connects=False):
        await server.until(lambda: server.asked("PUT", "/commands"))
        chat.naps.over()
        await server.until(lambda: server.commands)
    assert any("/assistant could not be registered everywhere" in each for each in logged(caplog))


async def test_a_defect_in_catching_up_keeps_nobody_from_being_heard(
    chat, server, caplog, monkeypatch
):
    await asked_and_answered(chat)
    await server.member("Mia").says(server.general, "missed")

    async def stumbling(*_, **__):
        raise KeyError("a defect")

    monkeypatch.setattr("bot.platforms.discord.closing._missing", stumbling)

    async with chat.running():
        await caught_up(chat)
    where = chat.place(server.general)
    assert f"Discord: what was missed in {where} is not known" in logged(caplog)
