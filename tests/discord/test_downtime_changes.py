"""Edits, deletions and failures around a downtime: the history ends up as the channel is."""

import pytest

from tests.discord.downtime import asked_and_answered, caught_up
from tests.discord.weather import Weather
from tests.logs import logged
from tests.waiting import WITHIN_S, seen

FETCH = "GET */messages"
TIMEOUT = "bot.platforms.discord.closing.TIMEOUT_S"


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def tombstones(chat):
    return [entry.id for entry in await chat.entries() if entry.deleted]


async def test_an_edit_made_meanwhile_is_taken_over(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        said = await mia.says(server.general, "we meet at nine")
        await chat.heard(server.general, said)
    await mia.edits(said, "we meet at ten")

    async with chat.running():
        await caught_up(chat)

        assert await chat.texts() == ["we meet at ten", "hello"]


async def test_a_deletion_made_meanwhile_is_taken_over_and_takes_the_reply_along(chat, server):
    asked, reply = await asked_and_answered(chat)
    await server.member("Mia").deletes(asked)

    async with chat.running():
        await server.until(lambda: reply.deleted)
        await caught_up(chat)

        assert await chat.texts() == ["hello"]
        assert chat.posts() == []


async def test_a_reply_that_a_moderator_removed_meanwhile_is_forgotten(chat, server):
    _, reply = await asked_and_answered(chat)
    await server.founder.deletes(reply)

    async with chat.running():
        await caught_up(chat)

        assert await tombstones(chat) == [reply.id]
        assert await chat.texts() == ["@Earshot the capital of France?", "hello"]


async def test_the_only_message_of_a_channel_deleted_meanwhile_is_forgotten(chat, server):
    mia = server.member("Mia")
    tea = server.add_channel("tea")
    async with chat.running():
        said = await mia.says(tea, "my password is rosebud")
        await chat.heard(tea, said)
    await mia.deletes(said)

    async with chat.running():
        await chat.until(lambda: _forgotten(chat, tea))


async def _forgotten(chat, channel):
    return [entry.deleted for entry in await chat.entries(channel)] == [True]


@pytest.mark.parametrize("fault", ["status", "ban", "reset", "reset after"])
async def test_what_cannot_be_fetched_is_fetched_later_and_is_complete(chat, server, caplog, fault):
    await asked_and_answered(chat)
    mia = server.member("Mia")
    missed = [await mia.says(server.general, f"missed {number}") for number in range(3)]
    if fault == "status":
        server.faults.respond(503, on=FETCH, times=2)
    elif fault == "ban":
        server.faults.ban(on=FETCH, times=2)
    else:
        server.faults.reset(on=FETCH, times=2, after=fault == "reset after")

    async with chat.running():
        await chat.until(lambda: chat.store.marks.gap_from(chat.place(server.general)))
        await caught_up(chat)
        server.faults.clear()
        chat.naps.over()
        for message in missed:
            await chat.heard(server.general, message)

        assert {"missed 0", "missed 1", "missed 2", "hello"} < set(await chat.texts())
        assert len(chat.posts()) == 1
    where = chat.place(server.general)
    lines = logged(caplog)
    assert lines[0].startswith(f"Discord: what was missed in {where} cannot be fetched yet: ")


async def test_missed_messages_come_first_also_where_the_history_fails_meanwhile(
    chat, server, caplog, file_size_limit
):
    await asked_and_answered(chat)
    mia = server.member("Mia")
    await mia.says(server.general, "missed")
    gate = server.faults.hold(on=FETCH, after=True)

    async with chat.running(connects=False):
        await gate.reached.wait()
        live = await mia.says(server.general, "live")
        with file_size_limit(0):
            gate.open()
            line = f"what was missed in {chat.place(server.general)} waits for the history, 0.5 s: "
            await seen(lambda: any(each.startswith(line) for each in logged(caplog)))
        await chat.heard(server.general, live)

        assert (await chat.texts())[2:] == ["missed", "live"]


async def test_what_could_not_be_fetched_before_a_stop_is_fetched_after_it(chat, server):
    await asked_and_answered(chat)
    missed = await server.member("Mia").says(server.general, "missed")
    server.faults.respond(503, on=FETCH, times=99)
    async with chat.running():
        await caught_up(chat)
    server.faults.clear()

    async with chat.running():
        await chat.heard(server.general, missed)
        assert await chat.store.marks.gap_from(chat.place(server.general)) is None


async def test_a_fetch_that_is_not_answered_stops_nobody_from_being_heard(
    chat, server, monkeypatch
):
    monkeypatch.setattr(TIMEOUT, 0.2)
    await asked_and_answered(chat)
    missed = await server.member("Mia").says(server.general, "missed")
    server.faults.hold(on=FETCH)

    async with chat.running():
        await chat.until(lambda: chat.store.marks.gap_from(chat.place(server.general)))
        await caught_up(chat)
        server.faults.clear()
        monkeypatch.setattr(TIMEOUT, WITHIN_S)
        chat.naps.over()
        await chat.heard(server.general, missed)


async def test_a_fetch_cut_short_by_a_limit_of_all_calls_holds_up_no_other_call(
    chat, server, monkeypatch, caplog
):
    monkeypatch.setattr(TIMEOUT, 0.2)
    await asked_and_answered(chat)
    missed = await server.member("Mia").says(server.general, "missed")
    server.faults.rate_limit(25, on=FETCH, for_all=True)

    async with chat.running():
        line = (
            f"what was missed in {chat.place(server.general)} cannot be fetched yet: "
            "no answer in time"
        )
        await seen(lambda: f"Discord: {line}" in logged(caplog))
        await chat.until(lambda: chat.store.marks.gap_from(chat.place(server.general)))
        monkeypatch.setattr(TIMEOUT, WITHIN_S)
        chat.naps.over()

        await chat.heard(server.general, missed)


async def test_a_session_that_cannot_be_resumed_leaves_no_gap(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "before"))
        server.gateway.forget_sessions()
        missed = await mia.says(server.general, "nobody was told")
        server.gateway.drop_connections()
        await chat.heard(server.general, missed)

        await caught_up(chat)
        assert await chat.texts() == ["before", "nobody was told", "hello"]


async def test_a_server_that_comes_back_from_an_outage_leaves_no_gap(chat, server):
    mia = server.member("Mia")
    async with chat.running():
        await chat.heard(server.general, await mia.says(server.general, "before"))
        server.acts.lose_guild(server.guild)
        await mia.says(server.general, "nobody was told")
        server.acts.join_guild(server.guild)
        await caught_up(chat)  # by words that come before anything could be fetched

        assert await chat.texts() == ["before", "nobody was told", "hello"]
