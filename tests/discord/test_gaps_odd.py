"""What Discord tells of the past is not always readable: what is odd hides nothing else."""

import pytest

from bot.platforms.discord.fetching import fetched, messages
from tests.discord.weather import Weather
from tests.logs import logged

ODD = [{"type": "rich", "fields": 7, "author": 7, "timestamp": 7}]


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def says_odd(person, channel):
    said = await person.says(channel, "odd")
    said.embeds = ODD
    return said


async def test_what_stands_between_two_odd_messages_is_fetched(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "first"))
    await mia.says(server.general, "before")
    await says_odd(mia, server.general)
    await mia.says(server.general, "between")
    await says_odd(mia, server.general)
    await mia.says(server.general, "after")

    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "live"))

        assert await chat.texts() == ["first", "before", "between", "after", "live"]


async def test_beside_odd_messages_edits_and_deletions_are_taken_over(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        edited, gone, odd, last = [
            await mia.says(server.general, text) for text in ("nine", "gone", "fine", "last")
        ]
        await chat.heard(server.general, last)
    await mia.edits(edited, "ten")
    await mia.deletes(gone)
    odd.embeds = ODD

    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "live"))

        assert await chat.texts() == ["ten", "fine", "last", "live"]


async def test_an_odd_message_costs_one_line_of_the_log(chat, server, caplog):
    async with chat.running():
        mia = server.member("Mia")
        first = await mia.says(server.general, "first")
        await says_odd(mia, server.general)
        last = await mia.says(server.general, "last")
        await chat.heard(server.general, first)
        client = chat.bot.client
        caplog.clear()

        channel = client.get_partial_messageable(int(server.general.id))
        found = await messages(client, channel, after=int(first.id) - 1, limit=100)

        assert {int(first.id), int(last.id)} <= {each.id for each in found}
        assert len(found) == len(server.general.messages) - 1
        assert logged(caplog) == ["a message of Discord's cannot be read"]


async def test_the_newest_are_fetched_in_as_few_pages_as_it_takes(chat, server):
    mia = server.member("Mia")
    said = [await mia.says(server.general, str(number)) for number in range(230)]
    async with chat.running():
        client = chat.bot.client
        channel = client.get_partial_messageable(int(server.general.id))

        async def numbers(**limits):
            before = len(server.asked("GET", "/messages"))
            found = await fetched(client, channel, **limits)
            texts = [each.content for each in found.messages]
            num_pages = len(server.asked("GET", "/messages")) - before
            return texts[0], texts[-1], len(texts), found.is_all, num_pages

        until = int(said[-1].id) + 1
        assert await numbers(before=until, limit=1000) == ("0", "229", 230, True, 3)
        assert await numbers(before=until, limit=150) == ("80", "229", 150, False, 2)
        assert await numbers(before=until, limit=100) == ("130", "229", 100, False, 1)
        assert await numbers(before=until, after=int(said[199].id), limit=1000) == (
            "200", "229", 30, True, 1,
        )  # fmt: skip
        assert await numbers(before=int(said[120].id), after=int(said[9].id), limit=1000) == (
            "10", "119", 110, True, 2,
        )  # fmt: skip
