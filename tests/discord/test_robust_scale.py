"""Several processes and shards share one history, and a wrong clock stops no answer."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tests.clock import hours_off, tells_hours_off
from tests.discord.weather import Weather
from tests.logs import logged

QUESTION = "the capital of France?"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture
def second(server):
    """A server of the second of two shards, and the first one's channel beside it."""
    other = server.add_guild("Lighthouse", shard=(1, 2))
    return server.add_channel("lamp", guild=other)


@pytest.fixture
def first(server):
    other = server.add_guild("Harbor office", shard=(0, 2))
    return server.add_channel("desk", guild=other)


async def asks(server, channel):
    mia = server.member("Mia", guild=channel.guild)
    return await mia.says(channel, QUESTION, mentions=[server.bot])


@pytest.mark.parametrize("hours", [-10 / 60, 10 / 60, -30, 30])
async def test_a_wrong_clock_stops_no_answer_and_is_told(chat, server, caplog, hours):
    chat.local_clock = hours_off(hours)

    async with chat.running():
        asked = await asks(server, server.general)
        await chat.heard(server.general, asked)

        assert chat.posts() == ["Paris."]
        assert await chat.texts() == [f"@Earshot {QUESTION}", "Paris."]
    assert tells_hours_off(logged(caplog), hours, "Discord")


@pytest.mark.parametrize("hours", [-10 / 60, 10 / 60])
async def test_a_wrong_clock_confuses_nobody_about_what_was_before_the_start(chat, server, hours):
    chat.local_clock = hours_off(hours)
    async with chat.running():
        await chat.heard(server.general, await asks(server, server.general))
        started_at, now = chat.bot.platform.started_at, chat.bot.clock.now()

    assert timedelta(0) <= now - started_at < timedelta(minutes=1)


async def test_missed_messages_are_fetched_with_a_clock_that_was_set_meanwhile(chat, server):
    async with chat.running():
        await chat.heard(server.general, await asks(server, server.general))
    missed = await server.member("Mia").says(server.general, "thanks")
    chat.local_clock = hours_off(1)

    async with chat.running():
        await chat.heard(server.general, missed)


async def test_two_processes_share_the_servers_and_answer_each_once(chat, server, first, second):
    processes = [chat.beside(discord_shards=f"{number}/2") for number in range(2)]
    async with AsyncExitStack() as stack:
        for each in processes:
            await stack.enter_async_context(each.running())
        for channel in (first, second):
            await asks(server, channel)
        for channel in (first, second):
            await server.until(lambda: chat.posts(channel))  # noqa: B023 - it is awaited here

        for each in processes:
            await each.settled()
        for channel in (first, second):
            assert await processes[0].texts(channel) == [f"@Earshot {QUESTION}", "Paris."]
            assert chat.posts(channel)[-1:] == ["Paris."]
            assert sum(post == "Paris." for post in chat.posts(channel)) == 1
    assert sorted(one.shard for one in server.gateway.sessions.values()) in ([], [(0, 2), (1, 2)])


async def test_each_process_takes_up_only_what_is_its_own(chat, server, first, second):
    processes = [chat.beside(discord_shards=f"{number}/2") for number in range(2)]
    for process in processes:
        async with process.running():
            pass
    server.faults.respond(503, on="POST */messages", times=99)
    async with processes[0].running(), processes[1].running():
        for channel in (first, second):
            await asks(server, channel)
            for each in processes:
                await each.settled()
        await processes[0].until(lambda: _pending(processes[0], 2))
    server.faults.clear()

    async with processes[0].running():
        await server.until(lambda: chat.posts(first))
        await processes[0].until(lambda: _pending(processes[0], 1))
        assert "Paris." not in chat.posts(second)
    async with processes[1].running():
        await processes[1].until(lambda: _pending(processes[1], 0))
        assert "Paris." in chat.posts(second)


async def _pending(chat, number):
    return len(await chat.store.outbox.pending("discord")) == number


async def test_no_process_takes_the_others_servers_for_lost(chat, server, first, second):
    for number, known in ((0, {first}), (1, {first, second}), (0, {first, second})):
        process = chat.beside(discord_shards=f"{number}/2")
        async with process.running():
            await process.until(lambda: _are_known(process, known))  # noqa: B023 - awaited here


async def _are_known(chat, channels):
    present = await chat.store.workspaces.present("discord")
    return {channel.guild.id for channel in channels} <= set(present)


async def test_as_many_shards_as_discord_asks_for_hear_everything(chat, server, first, second):
    server.num_shards = 2
    async with chat.running():
        for channel in (first, second):
            await chat.heard(channel, await asks(server, channel))
            assert chat.posts(channel)[-1:] == ["Paris."]
        shards = sorted(one.shard for one in server.gateway.sessions.values())
    assert shards == [(0, 2), (1, 2)]


async def test_a_shard_that_begins_anew_leaves_the_others_alone(chat, server, first, second):
    server.num_shards = 2
    async with chat.running():
        for channel in (first, second):
            mia = server.member("Mia", guild=channel.guild)
            await chat.heard(channel, await mia.says(channel, "before"))
        gone = next(one for one in server.gateway.sessions.values() if one.shard == (1, 2))
        del server.gateway.sessions[gone.id]
        missed = await mia.says(second, "nobody was told")
        await gone.connection.close(4000)

        await chat.heard(second, missed)
        assert await chat.texts(second) == ["before", "nobody was told"]
