"""What people think of what Earshot said on Slack: their reactions, and what follows from them."""

from datetime import timedelta

import pytest

from bot.messages import FeedbackKind
from bot.runtime import utc_now

LONG_AGO = utc_now() - timedelta(days=1)
LONG = "\n".join(f"{n}. {'-'.join(['word'] * 8)}" for n in range(400))


async def kinds(talk, channel="general"):
    """List the feedback of a channel and its threads."""
    where = talk.place(channel)
    return [each.kind for each in await talk.store.feedback.received(where, since=LONG_AGO)]


async def known(talk, *expected, **place):
    """Wait until just this feedback is kept."""

    async def as_expected():
        return await kinds(talk, **place) == list(expected)

    await talk.until(as_expected)


async def heard_all(talk, slack):
    await slack.until_delivered()
    await talk.settled()


@pytest.fixture
async def reply(talk):
    await talk.says("Alice", "the capital of France?")
    return talk.messages()[-1]


async def test_thumbs_are_kept_as_feedback(talk, slack, reply):
    await slack.reacts("Ben", reply, "+1")
    await slack.reacts("Alice", reply, "thumbsdown")

    await known(talk, FeedbackKind.LIKED, FeedbackKind.DISLIKED)


async def test_thumbs_of_any_colour_count(talk, slack, reply):
    await slack.reacts("Ben", reply, "thumbsup::skin-tone-4")
    await slack.reacts("Alice", reply, "-1::skin-tone-6")

    await known(talk, FeedbackKind.LIKED, FeedbackKind.DISLIKED)


async def test_a_reaction_that_is_taken_back_counts_no_more(talk, slack, reply):
    await slack.reacts("Ben", reply, "-1")
    await known(talk, FeedbackKind.DISLIKED)

    await slack.unreacts("Ben", reply, "-1")

    await known(talk)


async def test_other_reactions_and_those_to_people_are_no_feedback(talk, slack, reply):
    words = await talk.says("Alice", "look")
    await slack.reacts("Ben", reply, "tada")
    await slack.reacts("Ben", words, "-1")

    await heard_all(talk, slack)

    assert await kinds(talk) == []


async def test_a_reaction_to_any_part_of_a_reply_is_one_to_the_reply(talk, slack):
    talk.model.reply_text = LONG
    await talk.says("Alice", "tell me everything?")
    assert len(talk.messages()) > 1

    await slack.reacts("Ben", talk.messages()[-1], "+1")
    await slack.reacts("Ben", talk.messages()[0], "+1")
    await heard_all(talk, slack)

    await known(talk, FeedbackKind.LIKED)


async def test_answers_in_threads_are_liked_and_disliked(talk, slack):
    asked = await talk.asks("Alice", "the capital of France?")
    await talk.says("Alice", "and of Italy?", thread=asked)
    first, second = talk.messages()

    await slack.reacts("Ben", first, "+1")
    await slack.reacts("Ben", second, "-1")

    await known(talk, FeedbackKind.LIKED, FeedbackKind.DISLIKED)


async def test_an_answer_in_a_direct_chat_is_liked(talk, slack):
    await talk.says("Alice", "the capital of France?", where="@Alice")

    await slack.reacts("Alice", talk.messages("@Alice")[0], "+1")

    await known(talk, FeedbackKind.LIKED, channel="@Alice")


async def test_who_hushes_it_gets_an_hour_of_quiet(talk, slack, reply):
    await slack.reacts("Ben", reply, "mute")
    await known(talk, FeedbackKind.HUSHED)

    await talk.says("Alice", "and the capital of Italy?")
    assert talk.posts() == ["Paris."]
    await talk.asks("Alice", "and the capital of Spain?")
    assert talk.posts() == ["Paris.", "Paris."]

    settings = await talk.store.channels.settings(talk.place())
    left = settings.quiet_until - utc_now()
    assert timedelta(minutes=58) < left <= timedelta(hours=1, seconds=5)


async def test_its_own_removal_is_no_feedback(talk, slack):
    asked = await talk.says("Alice", "the capital of France?")

    await slack.deletes(asked)
    await slack.until(lambda: talk.posts() == [])
    await heard_all(talk, slack)

    assert await kinds(talk) == []


async def test_a_reaction_while_it_was_away_is_no_loss_of_words(chat, slack):
    async with chat.running():
        await chat.says("Alice", "the capital of France?")
    (reply,) = chat.messages()
    await slack.reacts("Ben", reply, "-1")

    async with chat.running():
        await slack.until_delivered()
        await chat.says("Alice", "hello")

        assert ("Earshot", "Paris.") in await chat.history()


async def disliked_thrice(talk, slack):
    for number in range(3):
        await talk.says("Alice", f"question {number}?")
        await slack.reacts(f"Reader {number}", talk.messages()[-1], "-1")
    await known(talk, *[FeedbackKind.DISLIKED] * 3)


async def test_managers_are_offered_another_eagerness_and_nothing_changes_by_itself(talk, slack):
    await disliked_thrice(talk, slack)

    status = await talk.types("Olga", "status")

    assert "I suggest an eagerness of" in status
    assert "50 of 100" in await talk.types("Olga", "eagerness")


async def test_the_button_sets_the_eagerness(talk, slack):
    await disliked_thrice(talk, slack)
    done = await slack.slash("Olga", "general", "/assistant", "status")
    await heard_all(talk, slack)
    (status,) = done.shown
    (button,) = [each for block in status.blocks for each in block.get("elements", [])]
    level = button["text"]["text"].rpartition(" ")[2]

    await slack.presses("Olga", status, button["text"]["text"])
    await heard_all(talk, slack)

    assert (await talk.types("Olga", "eagerness")).startswith(f"My eagerness here is {level}")
    assert f"My eagerness here is now {level} of 100." in "\n".join(talk.posts())


async def test_nobody_else_is_offered_another_eagerness(talk, slack):
    slack.general.members.append(slack.member("Alice").id)
    await disliked_thrice(talk, slack)

    status = await talk.types("Alice", "status")

    assert "disliked 3" in status
    assert "I suggest" not in status
