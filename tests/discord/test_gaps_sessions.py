"""Every session of the gateway has gaps of its own, whatever is still under way from the one before."""

import pytest

from bot.platforms.discord.closing import Closing
from tests.discord.weather import Weather
from tests.logs import logged
from tests.waiting import seen

FETCH = "GET */messages"
IDENTIFY = 2


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


async def anew(server, meanwhile):
    """Let the bot lose its session and begin another; give what `meanwhile` gives in between."""
    num_before = server.gateway.num_heard(IDENTIFY)
    server.gateway.invalidate_sessions(resumable=False)
    said = await meanwhile()
    await server.until(lambda: server.gateway.num_heard(IDENTIFY) > num_before)
    await server.until(lambda: server.gateway.events("GUILD_CREATE"))
    return said


async def test_a_message_of_the_session_before_closes_no_gap_of_the_next(chat, server):
    ben = server.member("Ben")
    async with chat.running():
        await chat.heard(server.general, await ben.says(server.general, "first"))
        turns = chat.bot.parts.ears.turns
        async with turns.turn(int(server.general.id)):
            await ben.says(server.general, "old session")
            await seen(lambda: turns.num_waiting(int(server.general.id)) > 1)
            await anew(server, lambda: ben.says(server.general, "missed"))
            await seen(lambda: not chat.bot.parts.catch_up.is_closed(int(server.general.id)))
        await chat.heard(server.general, await ben.says(server.general, "live"))

        assert await chat.texts() == ["first", "old session", "missed", "live"]


async def test_a_sweep_of_the_session_before_closes_no_gap_of_the_next(chat, server):
    ben = server.member("Ben")
    channels = [server.general, *(server.add_channel(f"tea-{number}") for number in range(2))]
    async with chat.running():
        for channel in channels:
            await chat.heard(channel, await ben.says(channel, "first"))
    await ben.says(channels[0], "slow")
    gate = server.faults.hold(on=FETCH, times=1)

    async with chat.running(connects=False):
        await gate.reached.wait()
        turns, first = chat.bot.parts.ears.turns, int(channels[0].id)
        await anew(server, lambda: ben.says(channels[-1], "missed"))
        await seen(lambda: turns.num_waiting(first) == 2)  # the next sweep waits for the first
        gate.open()
        await chat.heard(channels[-1], await ben.says(channels[-1], "live"))

        assert await chat.texts(channels[-1]) == ["first", "missed", "live"]


@pytest.mark.parametrize("times", [1, 99])
async def test_after_a_defect_a_gap_is_tried_again_so_many_times(
    chat, server, monkeypatch, caplog, times
):
    ben = server.member("Ben")
    async with chat.running():
        await chat.heard(server.general, await ben.says(server.general, "first"))
    said = await ben.says(server.general, "missed")
    tried = stumble(monkeypatch, times)

    async with chat.running():
        await seen(lambda: tried)
        await chat.heard(server.general, await ben.says(server.general, "live"))
        for number in range(2, 8):
            chat.naps.over()
            await seen(lambda: len(tried) >= min(number, times + 1, 5))  # noqa: B023 - awaited
        if times == 1:
            await chat.heard(server.general, said)

        missed = ["missed"] if times == 1 else []
        assert await chat.texts() == ["first", *missed, "live"]
    where = chat.place(server.general)
    given_up = f"Discord: what was missed in {where} stays unknown, after 5 tries"
    assert (given_up in logged(caplog)) is (times == 99)
    assert len(tried) == (5 if times == 99 else 2)


def stumble(monkeypatch, times):
    """Let recording what was missed fail so many times; give the tries."""
    real, tried = Closing._put, []

    async def stumbling(self, where, gap, missed):
        if missed:
            tried.append(where)
        if missed and len(tried) <= times:
            raise KeyError("a defect")
        return await real(self, where, gap, missed)

    monkeypatch.setattr(Closing, "_put", stumbling)
    return tried
