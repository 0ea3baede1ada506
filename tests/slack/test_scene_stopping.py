"""Earshot on Slack is stopped and started again, at good times and at bad ones."""

import pytest

from tests.fakes import FakeModel, PausingModel

QUESTION = "what is the capital of France?"
A_WHILE_S = 60.0


@pytest.mark.parametrize("refused", [None, "method_not_supported_for_channel_type"])
async def test_an_answer_that_a_stop_cut_short_stands_once_and_whole(chat, slack, refused):
    slack.team.stream_error = refused
    chat.model = PausingModel(reply_text="The capital of France is| Paris.")
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until(chat.posts)

    chat.model = FakeModel(reply_text="It is Paris.")
    async with chat.running():
        await slack.until(lambda: chat.posts() == ["It is Paris."])
        await chat.settled()

        (answer,) = chat.messages()
        assert not answer.streaming
        assert (await chat.history())[-1] == ("Earshot", "It is Paris.")


async def test_it_remembers_what_was_said_before_it_stopped(chat, slack):
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        await chat.says("Alice", "we meet on Friday")

    async with chat.running():
        await chat.asks("Ben", "when?")

        assert "Alice: we meet on Friday" in chat.shown()
        assert chat.posts() == ["Paris."]


async def test_what_was_edited_and_deleted_while_it_was_away_is_so(chat, slack):
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        edited = await chat.says("Alice", "we meet on Friday")
        deleted = await chat.says("Alice", "a secret")
    slack.clock.advance(A_WHILE_S)
    await slack.edits(edited, "we meet on Monday")
    await slack.deletes(deleted)
    slack.sockets.forget()

    async with chat.running():
        await chat.asks("Ben", "when?")

        assert "Alice: we meet on Monday" in "\n".join(chat.shown())
        assert "a secret" not in str(chat.shown())


async def test_the_answer_to_what_was_deleted_while_it_was_away_goes(chat, slack):
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        asked = await chat.asks("Alice", QUESTION)
    slack.clock.advance(A_WHILE_S)
    await slack.deletes(asked)
    slack.sockets.forget()

    async with chat.running():
        await slack.until(lambda: chat.posts() == [])


async def test_a_thread_goes_on_after_a_downtime(chat, slack):
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        asked = await chat.asks("Alice", QUESTION)
        await chat.says("Ben", "really", thread=asked)
    await slack.says("Alice", "general", "yes, really", thread=asked, tell=False)

    async with chat.running():
        await chat.asks("Ben", "sure?", thread=asked)

        said = [turn for turn in chat.shown() if not turn.startswith("(")]
        assert "\n".join(said).splitlines() == [
            f"Alice: assistant {QUESTION}",
            "Ben: really",
            "Alice: yes, really",
            "Ben: assistant sure?",
        ]


async def test_of_all_that_was_asked_while_it_was_away_it_answers_once(chat, slack):
    async with chat.running():
        await slack.until_posted("general")  # the greeting
        await chat.says("Alice", "hello")
    for number in range(3):
        text = f"{slack.bot.mention} question {number}?"
        await slack.says("Alice", "general", text, tell=False)
    slack.sockets.forget()

    async with chat.running():
        await slack.until(chat.posts)
        await chat.says("Alice", "thanks")

        assert chat.posts() == ["Paris."]
        assert len(await chat.history()) == 6
