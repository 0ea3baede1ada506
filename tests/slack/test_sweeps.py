"""Sweeps on Slack: in which order places are looked at, which are let go, what others have done."""

import asyncio

import pytest

from bot.messages import Mode
from bot.platforms import crowds
from bot.platforms.slack import fetching
from bot.platforms.slack.agenda import DIRECT, KNOWN, SILENT, WAITED_FOR, Agenda, ranked
from bot.platforms.slack.keys import channel_key
from tests.slack.missing import Bot, ago, listening_bot, missed
from tests.waiting import WITHIN_S

HISTORY, LISTING = "conversations.history", "users.conversations"
TEAM = "T1"


def place(channel_id, thread_ts=None):
    return channel_key(TEAM, channel_id, thread_ts=thread_ts)


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


@pytest.fixture
async def other(slack, bot):
    """Another process at the same history, which starts a moment before either looks."""
    beside = Bot(slack, bot.store, bot.client)
    slack.clock.advance(20)
    yield beside
    await beside.pipeline.conversations.stop()


def test_a_chat_that_nobody_wrote_in_is_looked_at_after_channels_that_people_use():
    ids = ["C1", "C2", "D1", "D2", "C3"]
    places = ranked(
        TEAM, ids, waiting={place("C3")}, known={place("C1"), place("C3"), place("D1")}, after=""
    )

    assert dict(places) == {
        place("C1"): KNOWN,
        place("C2"): SILENT,
        place("C3"): WAITED_FOR,
        place("D1"): DIRECT,
        place("D2"): SILENT,
    }


def test_silent_places_are_looked_at_around_and_around():
    places = ranked(TEAM, ["D1", "D2", "D3", "D4"], waiting=(), known=(), after="D2")

    assert [where.channel for where, _ in places] == ["D3", "D4", "D1", "D2"]


def test_where_people_wait_comes_first_and_a_place_only_moves_up():
    agenda = Agenda()
    for channel_id, rank in (("D1", SILENT), ("C1", KNOWN), ("D2", SILENT), ("C1", SILENT)):
        agenda.add(place(channel_id), rank)
    agenda.add(place("D2"), WAITED_FOR)

    found = []
    while (where := agenda.next(TEAM, lambda _: True)) is not None:
        found.append((where.channel, agenda.done(where)))
    assert found == [("D2", WAITED_FOR), ("C1", KNOWN), ("D1", SILENT)]
    assert agenda.next(TEAM, lambda _: True) is None


async def test_after_a_restart_silent_places_are_looked_at_that_were_not_before_it(slack, bot):
    slack.team.is_limited = True
    silent = [slack.general, *(slack.add_channel(f"silent-{number}") for number in range(3))]
    for channel in silent[1:]:
        await bot.invited(channel)

    for _ in silent:
        bot.restart()
        await bot.sweeps()  # Slack lets one be read
        slack.clock.advance(61)

    told = [call.given["channel"] for call in slack.asked(HISTORY) if call.error is None]
    assert told == sorted(each.id for each in silent)


async def test_what_another_process_swept_is_not_asked_for_again(slack, bot, other):
    await missed(slack, "one", "two")

    await bot.sweeps()
    num_asked = len(slack.asked(HISTORY)), len(slack.asked(LISTING))
    await other.sweeps()
    await other.hears(await slack.says("Ben", "general", "three"))

    assert await other.texts() == ["one", "two", "three"]
    assert (len(slack.asked(HISTORY)), len(slack.asked(LISTING))) == num_asked


async def test_a_thread_that_one_process_knows_to_lack_something_is_left_to_it(slack, bot, other):
    old = await slack.says("Alice", "general", "trips", ago=ago(hours=2))
    await bot.hears(old)
    slack.faults.unavailable(on="conversations.replies")
    await slack.says("Ben", "general", "to the sea", thread=old, tell=False)
    other.catch_up.gap_began(None)
    await other.hears(await slack.says("Cleo", "general", "soup"))  # the thread has to wait
    slack.clock.advance(20)
    bot.restart()
    slack.clock.advance(20)

    await bot.sweeps()
    await other.sweeps()
    await other.catch_up.try_again()

    assert "to the sea" in await other.texts(thread=old)


async def test_what_was_swept_before_the_last_gap_is_swept_again(slack, bot, other):
    await bot.sweeps()
    slack.clock.advance(60)
    other.catch_up.gap_began(None)
    await missed(slack, "one", "two")

    await other.sweeps()

    assert await other.texts() == ["one", "two"]


async def test_a_sweep_that_could_not_end_counts_for_nobody(slack, bot, other):
    await missed(slack, "one", "two")
    slack.faults.unavailable(on=HISTORY)

    await bot.sweeps()
    await other.sweeps()

    assert await other.texts() == ["one", "two"]


async def test_a_gap_that_began_during_a_sweep_makes_it_count_for_nobody(slack, bot, other):
    gate = slack.faults.hold(on=HISTORY, after=True)
    sweeping = asyncio.create_task(bot.sweeps())
    await gate.reached.wait()
    bot.catch_up.gap_began(None)
    await slack.says("Ben", "general", "in the outage", tell=False)
    gate.open()
    await sweeping

    assert await bot.texts() == ["in the outage"]
    num_asked = len(slack.asked(LISTING))
    await other.sweeps()
    assert len(slack.asked(LISTING)) == num_asked + 1


async def test_after_three_timeouts_in_a_row_nothing_is_asked_for_a_minute(slack, bot, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.3)
    for number in range(6):
        channel = slack.add_channel(f"channel-{number}")
        await bot.invited(channel)
        await missed(slack, "one", where=channel.name)
    gate = slack.faults.hold(on=HISTORY, times=100)

    await bot.sweeps()
    assert len(slack.asked(HISTORY)) == fetching.MAX_SLOW
    monkeypatch.setattr(fetching, "TIMEOUT_S", WITHIN_S)
    slack.faults.clear()
    gate.open()
    await bot.catch_up.try_again()
    assert len(slack.asked(HISTORY)) == fetching.MAX_SLOW
    slack.clock.advance(61)
    await bot.catch_up.try_again()

    assert await bot.texts(channel) == ["one"]


async def test_one_workspace_that_fails_keeps_no_other_from_being_swept(slack, bot, caplog):
    await missed(slack, "one")
    bot.catch_up.expect(["T0", bot.team.id, "T9"])
    real = bot.catch_up.teams.team

    async def team(team_id):
        if team_id != bot.team.id:
            raise RuntimeError("a defect")
        return await real(team_id)

    bot.catch_up.teams.team = team
    await bot.catch_up.try_again()

    assert await bot.texts() == ["one"]
    assert bot.catch_up.agenda.workspaces == {"T0", "T9"}


async def test_what_a_crowd_let_go_is_fetched_in_the_channel_and_its_threads(slack, bot):
    await bot.store.channels.change(bot.place(slack.general), mode=Mode.LISTEN)
    old = await slack.says("Alice", "general", "trips", ago=ago(hours=2))
    await bot.hears(old)
    await bot.hears(await slack.says("Ben", "general", "where to?", thread=old))
    new = await slack.says("Alice", "general", "food", tell=False)
    first = await slack.says("Ben", "general", "to the sea", thread=old, tell=False)
    await slack.says("Cleo", "general", "soup", thread=new, tell=False)
    await slack.says("Ben", "general", "in the channel", tell=False)
    await bot.catch_up.try_again()

    await bot.catch_up.let_go(bot.place_of(first), first.ts, bot.team)
    await bot.catch_up.try_again()

    assert await bot.texts() == ["trips", "food", "in the channel"]
    assert await bot.texts(thread=old) == ["trips", "where to?", "to the sea"]
    assert await bot.texts(thread=new) == ["food", "soup"]


async def test_deletions_are_never_too_much(talk, slack, monkeypatch):
    said = await talk.says("Ben", "a password")
    monkeypatch.setattr(crowds, "MAX_WAITING", 1)
    turns = talk.bot.events.ears.turns
    async with turns.turn((slack.team.id, slack.general.id)):
        await slack.deletes(said)
        await slack.says("Ben", "general", "let go")
        await slack.until(lambda: turns.num_waiting((slack.team.id, slack.general.id)) == 3)
    await slack.until_delivered()

    async def is_told():
        return await talk.history() == [("Ben", "let go")]

    await talk.until(is_told)
