"""What `/assistant preview` shows a manager of a channel where it speaks only when asked."""

import pytest

from bot.messages import Mode


@pytest.fixture
async def harbor(talk):
    """A channel in which it is mentioned or silent, after some chat."""
    await talk.set(mode=Mode.MENTION)
    talk.model.p_speak = lambda text: float(text.rpartition(" ")[2])
    for text in ("a joke 0.05", "a remark 0.4", "a question 0.6", "a cry for help 0.95"):
        await talk.says("Alice", text)
    return talk


async def test_it_counts_what_it_would_have_said_at_each_eagerness(harbor):
    shown = await harbor.types("Olga", "preview")

    # A model without a calibration speaks from 0.8 up at 20, from 0.5 at 50, from 0.2 at 80.
    assert "I decided 4 times on what nobody had asked me" in shown
    assert "1 at eagerness 20, 2 at eagerness 50, 3 at eagerness 80" in shown


async def test_it_quotes_what_it_would_have_answered_and_with_what(harbor):
    shown = await harbor.types("Olga", "preview")

    assert "Alice: a cry for help 0.95" in shown
    assert "Earshot: Paris." in shown
    assert "a joke" not in shown


async def test_only_who_asks_sees_it_and_nothing_is_posted(harbor, slack):
    await harbor.types("Olga", "preview 1")

    assert harbor.posts() == []
    assert len(await harbor.history()) == 4


async def test_what_was_forgotten_is_not_quoted(harbor):
    await harbor.types("Alice", "privacy forget-me")

    assert "a cry for help" not in await harbor.types("Olga", "preview")


async def test_what_was_deleted_is_not_quoted(harbor, slack):
    (said,) = [each for each in slack.general.oldest_first() if "cry" in each.text]
    await slack.deletes(said)
    await slack.until_delivered()

    assert "a cry for help" not in await harbor.types("Olga", "preview")


async def test_only_managers_of_the_channel_may_look(harbor):
    refused = await harbor.types("Alice", "preview")

    assert refused.startswith("Only ")
