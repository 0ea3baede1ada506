"""Slack tells of things late, twice and in the wrong order; people see the same Earshot all the same."""

import pytest

QUESTION = "what is the capital of France?"


async def told(chat, slack, *, backwards=True):
    """Let Slack tell what it held back."""
    slack.events.release(backwards=backwards)
    await slack.until_delivered()
    await chat.settled()


async def test_a_mention_that_is_told_after_its_deletion_is_not_answered(talk, slack):
    slack.events.hold()
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await slack.deletes(asked)

    await told(talk, slack)
    await talk.says("Ben", "hello")

    assert talk.posts() == []
    assert QUESTION not in str(talk.shown())
    assert await talk.history() == [("Ben", "hello")]


async def test_a_question_that_is_told_again_after_its_deletion_is_not_answered_again(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    await slack.deletes(asked)
    await slack.until(lambda: talk.posts() == [])

    for callback in list(slack.events.sent):
        slack.events.deliver(callback)
    await talk.says("Ben", "hello")

    assert talk.posts() == []
    assert await talk.history() == [("Ben", "hello")]


async def test_an_edit_that_is_told_before_its_message_counts(talk, slack):
    slack.events.hold()
    said = await slack.says("Alice", "general", "we meet on Friday")
    await slack.edits(said, "we meet on Monday")

    await told(talk, slack)
    await talk.says("Ben", "when?")

    assert "Alice: we meet on Monday" in "\n".join(talk.shown())


async def test_a_thread_that_is_told_before_its_parent_knows_it(talk, slack):
    slack.events.hold()
    parent = await slack.says("Alice", "general", "we meet on Friday")
    await slack.says("Ben", "general", "fine", thread=parent)

    await told(talk, slack)
    await talk.asks("Ben", "when?", thread=parent)

    assert [turn for turn in talk.shown() if not turn.startswith("(")] == [
        "Alice: we meet on Friday",
        "Ben: fine",
        "Ben: assistant when?",
    ]
    assert await talk.history() == [("Alice", "we meet on Friday")]


async def test_a_reaction_taken_back_and_told_twice_counts_no_more(talk, slack):
    await talk.asks("Alice", QUESTION)
    (answer,) = talk.messages()
    slack.events.twice = True

    await slack.reacts("Ben", answer, "+1")
    await slack.unreacts("Ben", answer, "+1")
    await slack.until_delivered()

    assert "liked" not in await talk.types("Olga", "status")


async def test_a_deletion_that_is_told_twice_takes_one_answer_along(talk, slack):
    asked = await talk.asks("Alice", QUESTION)
    await talk.asks("Ben", QUESTION)
    slack.events.twice = True

    await slack.deletes(asked)
    await slack.until_delivered()
    await talk.settled()

    await slack.until(lambda: talk.posts() == ["Paris."])
    assert slack.refusals == []


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_burst_is_answered_once_in_whatever_order_it_is_told(talk, slack, backwards):
    slack.events.hold()
    for number in range(4):
        await slack.says("Alice", "general", f"line {number}")
    await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")

    await told(talk, slack, backwards=backwards)

    assert talk.posts() == ["Paris."]
    assert len(await talk.history()) == 6
