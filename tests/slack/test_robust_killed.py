"""The bot is killed in the middle of a reply, as by a crash; the next one neither loses nor doubles it."""

from contextlib import asynccontextmanager

import pytest

from tests.slack.processes import bot_process
from tests.slack.weather import QUESTION, Weather

REPLY = "The capital of France is| Paris."
WHOLE = REPLY.replace("|", "")
POST, STREAM = "chat.postMessage", "chat.startStream"


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


@asynccontextmanager
async def killed(chat, reply=REPLY):
    """Run the bot in a process of its own, and kill it in the end."""
    slack = chat.slack
    async with bot_process(chat, reply):
        await slack.until(lambda: slack.posts("general"))
        yield
    await slack.until(lambda: not slack.sockets.connections)


async def asks(chat):
    return await chat.slack.says("Alice", "general", f"{chat.slack.bot.mention} {QUESTION}")


async def one_answer_to(chat, asked):
    """Start the bot anew; the question has one answer in the end, in the thread and the history."""
    slack = chat.slack
    slack.faults.clear()
    chat.model.reply_text = WHOLE
    async with chat.running():
        await chat.until(lambda: _is_answered(chat))
        await chat.settled()
        (reply,) = chat.messages()
        assert (reply.text, reply.thread_ts, reply.streaming) == (WHOLE, asked.ts, False)
        assert await chat.texts() == [f"@Earshot {QUESTION}", WHOLE]
        assert await chat.pending() == []


async def _is_answered(chat):
    return WHOLE in await chat.texts()


async def test_killed_while_it_streams(chat, slack):
    async with killed(chat):
        asked = await asks(chat)
        await slack.until(lambda: chat.posts() == ["The capital of France is"])

    await one_answer_to(chat, asked)


async def test_killed_when_a_stream_has_begun_and_nobody_wrote_down_where(chat, slack):
    async with killed(chat):
        gate = slack.faults.hold(on=STREAM, after=True)
        asked = await asks(chat)
        await gate.reached.wait()
        await slack.until(chat.posts)

    await one_answer_to(chat, asked)


async def test_killed_when_a_stream_is_ended_and_not_recorded(chat, slack):
    async with killed(chat, WHOLE):
        gate = slack.faults.hold(on="chat.stopStream", after=True)
        slack.faults.hold(on=POST, after=True)  # where the reply comes without a stream
        asked = await asks(chat)
        await slack.until(
            lambda: [each.text for each in chat.messages() if not each.streaming] == [WHOLE]
        )
        assert gate is not None

    await one_answer_to(chat, asked)


async def test_killed_while_it_writes_by_edits(chat, slack):
    slack.team.stream_error = "feature_not_enabled"
    async with killed(chat):
        asked = await asks(chat)
        await slack.until(lambda: chat.posts() == ["The capital of France is"])

    await one_answer_to(chat, asked)


async def test_killed_when_the_whole_reply_is_posted_and_not_recorded(chat, slack):
    slack.team.stream_error = "feature_not_enabled"
    async with killed(chat, WHOLE):
        gate = slack.faults.hold(on=POST, after=True)
        asked = await asks(chat)
        await gate.reached.wait()
        await slack.until(chat.posts)

    await one_answer_to(chat, asked)


async def test_killed_before_an_event_was_acknowledged(chat, slack):
    async with killed(chat, WHOLE):
        slack.sockets.ack_within_s = 60.0
        gate = slack.faults.hold(on="users.info")  # which is asked before anything is written
        asked = await asks(chat)
        await gate.reached.wait()

    await one_answer_to(chat, asked)
