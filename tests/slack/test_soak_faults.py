"""What the soak found, each reduced to a short chat."""

import pytest

from tests.slack.living import Chat


@pytest.fixture
def chat(slack, database_url):
    return Chat(slack, database_url)


async def released_backwards(chat):
    chat.slack.events.release(backwards=True)
    await chat.slack.until_delivered()
    await chat.settled()


async def test_an_edit_that_comes_before_its_message_is_taken_over(talk, slack):
    slack.events.hold()
    said = await slack.says("Alice", "general", "at nine")
    await slack.edits(said, "at ten")
    await released_backwards(talk)

    assert await talk.history() == [("Alice", "at ten")]


async def test_of_two_edits_that_changed_places_the_newer_one_stands(chat, slack):
    async with chat.running():
        said = await chat.says("Alice", "at nine")
        slack.events.hold()
        await slack.edits(said, "at ten")
        await slack.edits(said, "at eleven")
        await released_backwards(chat)

        assert await chat.history() == [("Alice", "at eleven")]


async def test_what_is_deleted_before_it_is_heard_is_not_recorded(talk, slack):
    slack.events.hold()
    said = await slack.says("Alice", "general", f"{slack.bot.mention} my number is 555")
    await slack.deletes(said)
    await released_backwards(talk)

    assert await talk.history() == []
    assert talk.posts() == []
