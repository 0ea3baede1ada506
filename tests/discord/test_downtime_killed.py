"""The bot is killed in the middle of a reply, as by a crash; the next one neither loses nor doubles it."""

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.discord.weather import Weather

ROOT = Path(__file__).parents[2]
POST = "POST */messages"
CALLBACK = "POST */callback"
QUESTION = "the capital of France?"
REPLY = "The capital of France is| Paris."


@pytest.fixture
def chat(server, database_url):
    return Weather(server, database_url)


@asynccontextmanager
async def killed(chat, reply=REPLY):
    """Run the bot in a process of its own, and kill it in the end."""
    server = chat.server
    told = (chat.database_url, server.api_url, server.gateway_url, server.token, reply)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.discord.killed_bot", *told, cwd=ROOT
    )
    try:
        await server.until(lambda: server.commands and server.posts(server.general))
        yield
    finally:
        process.kill()
        await process.wait()


async def asks(server):
    return await server.member("Mia").says(server.general, QUESTION, mentions=[server.bot])


async def one_answer_to(chat, asked):
    """Start the bot anew; the question has one answer in the end, in the channel and the history."""
    chat.server.faults.clear()
    chat.server.nonces.clear()  # Discord has forgotten them meanwhile
    chat.model.reply_text = REPLY.replace("|", "")
    async with chat.running():
        await chat.until(lambda: _is_answered(chat))
        (reply,) = chat.messages()
        assert (reply.content, reply.reply_to_id) == ("The capital of France is Paris.", asked.id)
        assert await chat.texts() == [f"@Earshot {QUESTION}", "The capital of France is Paris."]


async def _has_no_drafts(chat):
    return not await chat.store.outbox.drafts("discord")


async def _is_answered(chat):
    return any(entry.from_assistant for entry in await chat.entries())


async def test_killed_while_it_writes(chat, server):
    async with killed(chat):
        asked = await asks(server)
        await server.until(lambda: chat.posts() == ["The capital of France is"])

    await one_answer_to(chat, asked)


async def test_killed_while_it_writes_and_the_draft_can_be_deleted_only_later(chat, server):
    async with killed(chat):
        asked = await asks(server)
        await server.until(lambda: chat.posts() == ["The capital of France is"])
    server.faults.respond(503, on="DELETE *", times=99)
    chat.model.reply_text = REPLY.replace("|", "")

    async with chat.running():
        await chat.until(lambda: _is_answered(chat))
        await chat.settled()
        server.faults.clear()
        chat.naps.over()
        await chat.until(lambda: _has_no_drafts(chat))
        (reply,) = chat.messages()
        assert (reply.content, reply.reply_to_id) == ("The capital of France is Paris.", asked.id)


async def test_killed_when_its_words_are_posted_and_nobody_wrote_down_where(chat, server):
    async with killed(chat):
        gate = server.faults.hold(on=POST, after=True)
        asked = await asks(server)
        await gate.reached.wait()
        await server.until(lambda: chat.posts())

    await one_answer_to(chat, asked)


async def test_killed_when_the_whole_reply_is_posted_and_not_recorded(chat, server):
    async with killed(chat, REPLY.replace("|", "")):
        gate = server.faults.hold(on=POST, after=True)
        asked = await asks(server)
        await gate.reached.wait()
        await server.until(lambda: chat.posts() == ["The capital of France is Paris."])

    await one_answer_to(chat, asked)


@pytest.mark.parametrize("begun", ["", REPLY.replace("|", "")], ids=["undecided", "answered"])
async def test_killed_before_discord_knew_that_the_question_of_a_command_was_heard(
    chat, server, begun
):
    async with killed(chat, begun or "|"):
        gate = server.faults.hold(on=CALLBACK)
        await server.member("Mia").slash("assistant ask", question=QUESTION, wait=False)
        await gate.reached.wait()

    chat.server.faults.clear()
    chat.model.reply_text = REPLY.replace("|", "")
    async with chat.running():
        await chat.until(lambda: _is_answered(chat))
        await chat.settled()
        assert chat.posts() == ["The capital of France is Paris."]
        assert await chat.texts() == [QUESTION, "The capital of France is Paris."]
