"""Whatever the gateway and the history do, each message is recorded once, in order."""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.discord.weather import Weather
from tests.discord_server.gateway import IDENTIFY, RESUME
from tests.fakes import FakeModel
from tests.logs import logged
from tests.waiting import seen


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@pytest.fixture
async def talk(chat):
    async with chat.running():
        yield chat


async def hears(chat, text):
    await chat.settled()
    said = await chat.server.member("Mia").says(chat.server.general, text)
    await chat.heard(chat.server.general, said)


async def dropped(gateway):
    gateway.drop_connections()


async def asked_to_reconnect(gateway):
    gateway.ask_to_reconnect()


async def invalidated(gateway):
    gateway.invalidate_sessions(resumable=True)


async def closed(gateway):
    await gateway.close_connections(4000)


@pytest.mark.parametrize("happens", [dropped, asked_to_reconnect, invalidated, closed])
async def test_what_is_said_while_the_connection_is_down_is_replayed(talk, server, caplog, happens):
    caplog.set_level("INFO")
    mia = server.member("Mia")
    await hears(talk, "before")
    num_identified = server.gateway.num_heard(IDENTIFY)

    await happens(server.gateway)
    await mia.says(server.general, "the capital of France?", mentions=[server.bot])
    await server.until(lambda: talk.posts() == ["Paris."])
    await hears(talk, "after")

    assert await talk.texts() == ["before", "@Earshot the capital of France?", "Paris.", "after"]
    assert server.gateway.num_heard(RESUME) >= 1
    assert server.gateway.num_heard(IDENTIFY) == num_identified
    assert "Discord: shard 0 is back, nothing was missed" in logged(caplog, 20)


async def test_whether_it_hears_is_known_at_any_time(talk, server):
    hears = talk.bot.hears
    assert hears()

    server.gateway.refuse_next(1)
    server.gateway.drop_connections()
    await seen(lambda: not hears())
    await seen(hears)


async def test_events_that_are_replayed_twice_are_heard_once(talk, server):
    mia = server.member("Mia")
    server.gateway.num_replayed_twice = 5
    await mia.says(server.general, "the capital of France?", mentions=[server.bot])
    await server.until(lambda: talk.posts() == ["Paris."])

    for _ in range(2):
        server.gateway.drop_connections()
        await server.until(lambda: server.gateway.num_connected == 0)
        await server.until(lambda: server.gateway.num_connected == 1)
    await hears(talk, "after")

    assert await talk.texts() == ["@Earshot the capital of France?", "Paris.", "after"]
    assert talk.posts() == ["Paris."]


async def test_an_event_that_comes_twice_is_heard_once(talk, server):
    mia = server.member("Mia")
    said = await mia.says(server.general, "the capital of France?", mentions=[server.bot])
    server.gateway.again("MESSAGE_CREATE")
    await mia.edits(said, "the capital of Norway?")
    server.gateway.again("MESSAGE_UPDATE")
    server.gateway.again("MESSAGE_CREATE")
    await server.until(lambda: talk.posts())
    await hears(talk, "after")

    assert len(talk.posts()) == 1
    assert sorted(await talk.texts()) == ["Paris.", "after", "the capital of Norway?"]


async def test_a_session_that_is_lost_is_begun_anew_with_nothing_missed(talk, server):
    mia = server.member("Mia")
    await hears(talk, "before")

    server.gateway.invalidate_sessions(resumable=False)
    await mia.says(server.general, "the capital of France?", mentions=[server.bot])
    await server.until(lambda: talk.posts() == ["Paris."])
    await hears(talk, "after")

    assert await talk.texts() == ["before", "@Earshot the capital of France?", "Paris.", "after"]
    assert server.gateway.num_heard(IDENTIFY) == 2


async def test_a_clean_close_by_discord_is_no_end(talk, server):
    mia = server.member("Mia")
    await hears(talk, "before")

    await server.gateway.close_connections(1000)
    missed = await mia.says(server.general, "missed")
    await talk.heard(server.general, missed)

    assert await talk.texts() == ["before", "missed"]


async def test_an_edit_right_behind_its_message_is_not_lost(talk, server):
    mia = server.member("Mia")
    for number in range(20):
        said = await mia.says(server.general, f"draft {number}")
        await mia.edits(said, f"final {number}")
    await hears(talk, "after")

    assert await talk.texts() == [*(f"final {number}" for number in range(20)), "after"]


async def test_a_deletion_right_behind_its_message_is_not_lost(talk, server):
    mia = server.member("Mia")
    await mia.deletes(await mia.says(server.general, "oops"))
    await hears(talk, "after")

    assert await talk.texts() == ["after"]


async def test_a_flood_is_recorded_in_order(talk, server):
    people = [server.member(name) for name in ("Mia", "Ben", "Zoe")]
    said = [
        await people[number % 3].says(server.general, f"line {number}") for number in range(100)
    ]
    await talk.heard(server.general, said[-1])

    assert await talk.texts() == [f"line {number}" for number in range(100)]


async def test_what_is_said_while_the_history_fails_is_recorded_in_order_later(
    talk, server, caplog, file_size_limit
):
    mia = server.member("Mia")
    await hears(talk, "before")
    with file_size_limit(0):
        first = await mia.says(server.general, "one")
        await mia.edits(first, "one, edited")
        await mia.says(server.general, "two")
        await mia.deletes(await mia.says(server.general, "three"))
        last = await mia.says(server.general, "four")
        where = talk.place(server.general)
        line = f"a message in {where} waits for the history, 0.5 s: "
        await seen(lambda: any(each.startswith(line) for each in logged(caplog)))
    await talk.heard(server.general, last)

    assert await talk.texts() == ["before", "one, edited", "two", "four"]


@dataclass
class SlowModel(FakeModel):
    """Says nothing of itself until it `may`."""

    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may: asyncio.Event = field(default_factory=asyncio.Event)

    async def card(self):
        self.is_asked.set()
        await self.may.wait()
        return await super().card()


async def test_a_question_that_could_not_be_decided_on_is_answered_when_the_history_works_again(
    chat, server, caplog, file_size_limit
):
    chat.model = SlowModel()
    async with chat.running():
        mia = server.member("Mia")
        await mia.says(server.general, "the capital of France?", mentions=[server.bot])
        await chat.model.is_asked.wait()
        with file_size_limit(0):
            chat.model.may.set()
            await chat.settled()
        assert logged(caplog)[-1] == f"deciding in {chat.place(server.general)} failed"
        assert chat.posts() == []

        chat.naps.over()

        await server.until(lambda: chat.posts() == ["Paris."])
