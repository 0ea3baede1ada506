"""Two people ask at once, one of them by a command, and one takes the question back meanwhile."""

import asyncio

import pytest

from bot.platforms.asking import ANSWERED_WITH_NEXT
from tests.fakes import PausingModel

WHOLE = "The capital of France is Paris."


@pytest.fixture
def chat(chat):
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    return chat


async def asked_together(chat, server, *asking):
    """Let people ask while another answer is written, until a draft of theirs stands."""
    await server.member("Eve").says(server.general, "zero?", mentions=[server.bot])
    await server.until(lambda: len(chat.posts()) == 1)
    chat.model.is_writing.clear()
    asked = [await ask() for ask in asking]
    go, chat.model.may_go_on = chat.model.may_go_on, asyncio.Event()
    go.set()
    await chat.model.is_writing.wait()
    await server.until(lambda: len([each for each in chat.posts() if each]) == 2)
    return asked


def by_command(chat, server):
    async def ask():
        given = await server.member("Ben").slash(
            "assistant ask", wait=False, question="the capital?"
        )
        await chat.until(lambda: chat.store.messages.find(chat.place(), f"ask-{given.id}"))
        return given

    return ask


def by_mention(chat, server):
    async def ask():
        said = await server.member("Mia").says(
            server.general, "and of Italy?", mentions=[server.bot]
        )
        await chat.until(lambda: chat.store.messages.find(chat.place(), said.id))
        return said

    return ask


async def replies(chat):
    """Give the replies of the history, by the ids of their messages."""
    entries = await chat.entries()
    return {entry.id: entry.text for entry in entries if entry.from_assistant and entry.text}


async def test_a_draft_for_a_question_taken_back_becomes_the_reply_to_the_others(chat, server):
    async with chat.running():
        given, said = await asked_together(
            chat, server, by_command(chat, server), by_mention(chat, server)
        )
        await server.member("Mia").deletes(said)
        await chat.forgotten(said)

        chat.model.may_go_on.set()
        await chat.settled()
        await server.until(lambda: given.text)

        shown = {message.id: message.content for message in chat.messages()}
        assert [text for text in shown.values() if text != given.text] == [WHOLE, WHOLE]
        assert all(shown[message_id] == WHOLE for message_id in await replies(chat))
        assert given.text.endswith(f"\n{ANSWERED_WITH_NEXT}")


async def test_a_draft_below_a_command_taken_back_becomes_the_reply_to_the_others(chat, server):
    async with chat.running():
        await asked_together(chat, server, by_mention(chat, server), by_command(chat, server))
        await server.member("Ben").slash("assistant privacy forget-me")

        chat.model.may_go_on.set()
        await chat.settled()

        shown = {message.id: message.content for message in chat.messages()}
        assert list(shown.values()) == [WHOLE, WHOLE]
        assert await replies(chat) == shown
