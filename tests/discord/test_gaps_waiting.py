"""What waits for its turn: it does not outlive its channel, and only so much of it is kept."""

import pytest

from bot.platforms import crowds
from tests.discord.weather import Weather
from tests.logs import logged
from tests.waiting import seen


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.mark.parametrize("is_thread", [False, True])
async def test_what_was_said_right_before_a_channel_is_deleted_is_forgotten_with_it(
    chat, server, is_thread
):
    mia = server.member("Mia")
    tea = server.add_channel("tea")
    place = server.add_thread(tea, "Cake", by=mia) if is_thread else tea
    async with chat.running():
        await chat.heard(place, await mia.says(place, "first"))
        turns = chat.bot.parts.ears.turns
        async with turns.turn(int(place.id)):
            await mia.says(place, "queued")
            await seen(lambda: turns.num_waiting(int(place.id)) == 2)
            server.acts.delete_channel(tea)
            await server.until(lambda: server.gateway.events("CHANNEL_DELETE"))
            await seen(lambda: chat.bot.client.get_channel(int(tea.id)) is None)
        await chat.until(lambda: _is_empty(chat, place))
        await _all_had_their_turns(chat)

        assert await chat.entries(place) == []


async def _is_empty(chat, channel):
    return not await chat.entries(channel)


async def _all_had_their_turns(chat):
    await seen(lambda: not chat.bot.parts.handling.tasks)


async def test_what_is_too_much_to_wait_is_fetched_later_in_order(
    chat, server, monkeypatch, caplog
):
    monkeypatch.setattr(crowds, "MAX_WAITING", 5)
    mia, here = server.member("Mia"), int(server.general.id)
    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "first"))
        await seen(lambda: not chat.bot.parts.handling.tasks)  # nor is a greeting on its way
        turns = chat.bot.parts.ears.turns
        async with turns.turn(here):
            said = [await mia.says(server.general, str(number)) for number in range(20)]
            await mia.edits(said[3], "three")
            await mia.edits(said[17], "seventeen")
            await seen(lambda: _is_told(chat.bot.client, said[-1]))
            assert turns.num_waiting(here) == 6
            assert len(chat.bot.parts.handling.tasks) <= 6
        await chat.heard(server.general, said[-1])
        await chat.heard(server.general, await mia.says(server.general, "live"))

        texts = [str(number) for number in range(20)]
        texts[3], texts[17] = "three", "seventeen"
        assert await chat.texts() == ["first", *texts, "live"]
    assert len([line for line in logged(caplog) if "wait; what comes now" in line]) == 1


def _is_told(client, message):
    channel = client.get_channel(int(message.channel.id))
    return channel.last_message_id == int(message.id)


async def test_a_deletion_is_not_let_go_however_much_waits(chat, server, monkeypatch):
    monkeypatch.setattr(crowds, "MAX_WAITING", 2)
    mia, here = server.member("Mia"), int(server.general.id)
    async with chat.running():
        said = [await mia.says(server.general, str(number)) for number in range(60)]
        await chat.heard(server.general, said[-1])
        turns = chat.bot.parts.ears.turns
        async with turns.turn(here):
            more = [await mia.says(server.general, f"more {number}") for number in range(4)]
            await mia.deletes(said[0])
            await seen(lambda: turns.num_waiting(here) == 4)
        await chat.heard(server.general, more[-1])
        await chat.forgotten(said[0])
