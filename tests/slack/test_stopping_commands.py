"""Nothing that people ask for is thrown away in silence while the bot stops."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bot.errors import PlatformUnavailable
from bot.platforms.asking import TOO_LATE
from bot.platforms.slack.answering import Listener
from bot.platforms.slack.interactions import NOT_OPENED
from tests.fakes import PausingModel
from tests.logs import logged
from tests.slack.commanded import running_bot
from tests.slack.weather import Weather, asks
from tests.waiting import WITHIN_S, seen

QUIET = "quiet 2h"


@pytest.fixture
def chat(slack, database_url):
    slack.channel("general").creator = slack.member("Alice")  # she may silence it
    return Weather(slack, database_url, model=PausingModel(reply_text="It is| Paris."))


@asynccontextmanager
async def stops(chat):
    """Run a bot that greeted and was told to stop, and waits for Slack until the end of the block."""
    slack = chat.slack
    async with chat.running():
        await chat.greeted()
        gate = slack.faults.hold(on="chat.startStream")
        await asks(chat)
        await gate.reached.wait()
        chat.serving.cancel()
        await seen(lambda: _is_closed(chat.bot.tasks))
        try:
            yield
        finally:
            gate.open()
            await asyncio.wait({chat.serving})
            slack.faults.clear()


@pytest.fixture
async def stopping(chat):
    async with stops(chat):
        yield chat


def _is_closed(tasks):
    try:
        tasks.check_open()
    except PlatformUnavailable:
        return True
    return False


async def _waits(caplog, num=1):
    """Wait until so much was told to wait."""
    await seen(lambda: len([line for line in logged(caplog) if "stops" in line]) >= num)


async def test_a_command_is_not_acknowledged_so_that_slack_tells_of_it(stopping, slack, caplog):
    done = await slack.slash("Alice", "general", "/assistant", QUIET)
    await _waits(caplog)

    assert not done.acknowledged
    assert (await stopping.store.channels.settings(stopping.place())).quiet_until is None


async def test_a_command_that_comes_again_is_refused_again(stopping, slack, caplog):
    await slack.slash("Alice", "general", "/assistant", QUIET)
    await _waits(caplog)
    (done,) = [one for one in slack.deliveries.all if one.kind == "slash_commands"]

    with pytest.raises(PlatformUnavailable):
        await stopping.bot.interactions.command(done.payload, await _team(stopping))


async def _team(chat):
    return await chat.bot.team(chat.slack.team.id)


async def test_a_command_by_mention_is_carried_out_after_the_next_start(chat, slack, caplog):
    async with stops(chat):
        await slack.says("Alice", "general", f"{slack.bot.mention} !{QUIET}")
        await _waits(caplog, 2)  # it is told as a message and as a mention

    async with chat.running():
        await chat.until(lambda: _is_quiet(chat))


async def _is_quiet(chat):
    return (await chat.store.channels.settings(chat.place())).quiet_until


@pytest.fixture
async def bot(database_url, slack):
    slack.add_channel("trips", members=["Alice", "Bob"])
    async with running_bot(database_url, slack) as running:
        yield running


async def test_who_gave_a_command_that_a_stop_cuts_short_is_asked_to_give_it_again(bot):
    gate = bot.slack.faults.hold(on="users.info")

    done = await bot.slack.slash("Alice", "trips", "/assistant", QUIET)
    await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
    await bot.slack.until_delivered()
    await bot.tasks.close()
    gate.open()

    assert done.texts == [TOO_LATE]


async def test_who_gave_a_command_by_mention_that_a_stop_cuts_short_is_asked_too(bot):
    gate = bot.slack.faults.hold(on="users.info")

    await bot.slack.says("Alice", "trips", f"{bot.slack.bot.mention} !{QUIET}")
    await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
    await bot.slack.until_delivered()
    await bot.tasks.close()
    gate.open()

    assert bot.whispered("trips", "Alice") == [TOO_LATE]


async def test_who_waits_for_a_form_that_a_stop_cuts_short_is_told(bot):
    gate = bot.slack.faults.hold(on="views.open")

    done = await bot.slack.slash("Alice", "trips", "/assistant", "settings")
    await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
    await bot.slack.until_delivered()
    await bot.tasks.close()
    gate.open()

    assert done.texts == [NOT_OPENED]


async def test_who_has_part_of_an_answer_is_not_asked_again(bot):
    answering, told = bot.interactions.answering, asyncio.Event()
    listener = Listener(bot.team, bot.where("trips"), bot.slack.user("Alice").id)

    async def answer():
        async with answering.excusing(listener):
            await answering.tell(listener, "one")
            told.set()
            await asyncio.Event().wait()

    bot.tasks.start(answer, name="a long answer")
    await told.wait()
    await bot.tasks.close()

    assert bot.whispered("trips", "Alice") == ["one"]
