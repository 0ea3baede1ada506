"""What was said on Slack while nobody listened, where Slack answers at once."""

import asyncio
import logging

import pytest

from tests.slack.missing import ago, listening_bot, missed


@pytest.fixture
async def bot(slack, database_url):
    async with listening_bot(slack, database_url) as running:
        yield running


@pytest.fixture(autouse=True)
def _all_logs(caplog):
    caplog.set_level(logging.INFO)


async def test_a_sweep_records_what_was_missed_in_the_order_of_time(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "Hi", ago=ago(hours=2)))
    await missed(slack, "one", "two", "three")

    bot.restart()
    await bot.sweeps()

    assert await bot.texts() == ["Hi", "one", "two", "three"]


async def test_what_was_missed_is_known_before_what_is_said_now_is_heard(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "Hi", ago=ago(hours=2)))
    await missed(slack, "one", "two")

    bot.restart()
    await bot.hears(await slack.says("Ben", "general", "three"))

    assert await bot.texts() == ["Hi", "one", "two", "three"]
    assert len(slack.asked("conversations.history")) == 2  # one for each start


async def test_a_place_with_no_gap_is_not_asked_for_again(slack, bot):
    for text in ("one", "two", "three"):
        await bot.hears(await slack.says("Ben", "general", text))

    assert len(slack.asked("conversations.history")) == 1


async def test_what_was_missed_is_decided_on_once_and_silently(slack, bot):
    await missed(slack, "one", "two", f"{slack.bot.mention} what is the capital of France?")

    await bot.sweeps()
    await bot.pipeline.conversations.drain()

    decisions = {each.decision_id for each in await bot.entries()}
    assert len(decisions) == 1
    assert bot.platform.posts == []


async def test_a_question_missed_a_moment_ago_is_answered(slack, bot):
    await slack.says(
        "Alice", "general", f"{slack.bot.mention} the capital?", ago=ago(seconds=30), tell=False
    )

    await bot.sweeps()
    await bot.pipeline.conversations.drain()

    assert bot.platform.posts == ["Paris."]


async def test_many_pages_are_fetched_with_cursors_and_stand_in_order(slack, bot):
    said = [
        await slack.says("Ben", "general", str(number), ago=ago(minutes=900 - number), tell=False)
        for number in range(450)
    ]

    await bot.sweeps()

    assert await bot.texts() == [each.text for each in said]
    cursors = [call.args.get("cursor") for call in slack.asked("conversations.history")]
    assert [cursor is not None for cursor in cursors] == [False, True, True]


async def test_replies_in_a_thread_are_fetched_with_what_they_hang_on(slack, bot):
    (parent,) = await missed(slack, "who has tea?")
    await slack.says("Ben", "general", "I have", thread=parent, ago=ago(minutes=2), tell=False)
    await slack.says("Cleo", "general", "Me too", thread=parent, ago=ago(minutes=1), tell=False)

    await bot.sweeps()

    assert await bot.texts() == ["who has tea?"]
    assert await bot.texts(thread=parent) == ["who has tea?", "I have", "Me too"]


async def test_new_replies_to_a_thread_that_is_known_are_fetched(slack, bot):
    parent = await slack.says("Alice", "general", "who has tea?", ago=ago(days=3))
    await bot.hears(parent)
    await bot.hears(await slack.says("Ben", "general", "I have", thread=parent, ago=ago(days=2)))
    await slack.says("Cleo", "general", "Me too", thread=parent, ago=ago(hours=1), tell=False)

    bot.restart()
    await bot.sweeps()

    assert await bot.texts(thread=parent) == ["who has tea?", "I have", "Me too"]


async def test_a_thread_that_began_while_it_listened_is_not_asked_for(slack, bot):
    parent = await slack.says("Alice", "general", "who has tea?")
    await bot.hears(parent)
    await bot.hears(await slack.says("Ben", "general", "I have", thread=parent))

    assert slack.asked("conversations.replies") == []


async def test_replies_are_fetched_though_a_stop_came_after_the_page_of_their_channel(slack, bot):
    parent, _ = await missed(slack, "who has tea?", "and who has milk?")
    past = ago(minutes=6, seconds=30)
    await slack.says("Ben", "general", "I have", thread=parent, ago=past, tell=False)
    slack.faults.unavailable(on="conversations.replies")

    await bot.sweeps()
    assert await bot.texts() == ["who has tea?", "and who has milk?"]
    assert await bot.texts(thread=parent) == []
    bot.restart()
    await bot.sweeps()

    assert await bot.texts(thread=parent) == ["who has tea?", "I have"]


async def test_a_reply_told_to_the_channel_too_is_fetched_for_its_thread_after_a_stop(slack, bot):
    parent, _ = await missed(slack, "who has tea?", "and who has milk?")
    await slack.says(
        "Ben", "general", "I have", thread=parent, broadcast=True, ago=ago(minutes=6), tell=False
    )
    slack.faults.unavailable(on="conversations.replies")

    await bot.sweeps()
    assert await bot.texts() == ["who has tea?", "and who has milk?", "I have"]
    bot.restart()
    await bot.sweeps()

    assert await bot.texts(thread=parent) == ["who has tea?", "I have"]


async def test_edits_and_deletions_are_taken_over(slack, bot):
    kept, edited, deleted, last = [
        await slack.says("Ben", "general", text, ago=ago(minutes=9 - number))
        for number, text in enumerate(("kept", "wrong", "gone", "last"))
    ]
    for message in (kept, edited, deleted, last):
        await bot.hears(message)
    await slack.edits(edited, "right")
    await slack.deletes(deleted)
    await slack.deletes(last)

    bot.restart()
    await bot.sweeps()

    entries = await bot.entries()
    assert [each.text for each in entries] == ["kept", "right", "", ""]
    assert [each.deleted for each in entries] == [False, False, True, True]


async def test_changes_in_threads_of_the_last_half_hour_are_taken_over(slack, bot):
    old, new = [
        await slack.says("Alice", "general", "who has tea?", ago=ago(minutes=past))
        for past in (90, 10)
    ]
    replies = [
        await slack.says("Ben", "general", "I hve", thread=parent, ago=ago(minutes=past))
        for parent, past in ((old, 80), (new, 9))
    ]
    for message in (old, new, *replies):
        await bot.hears(message)
    for reply in replies:
        await slack.edits(reply, "I have")

    bot.restart()
    await bot.sweeps()

    assert await bot.texts(thread=old) == ["who has tea?", "I hve"]  # to look costs a request each
    assert await bot.texts(thread=new) == ["who has tea?", "I have"]


async def test_what_cannot_be_fetched_is_fetched_later(slack, bot, caplog):
    await missed(slack, "one", "two")
    slack.faults.unavailable(on="conversations.history")

    await bot.sweeps()
    assert await bot.texts() == []
    await bot.catch_up.try_again()

    assert await bot.texts() == ["one", "two"]
    assert "cannot be fetched yet: service_unavailable (status 503)" in caplog.text


async def test_channels_that_cannot_be_listed_are_listed_later(slack, bot):
    await missed(slack, "one")
    slack.faults.unavailable(on="users.conversations")

    await bot.sweeps()
    assert await bot.texts() == []
    await bot.catch_up.try_again()

    assert await bot.texts() == ["one"]


async def test_a_gap_in_the_middle_is_closed(slack, bot):
    await bot.hears(await slack.says("Ben", "general", "before"))
    bot.catch_up.gap_began(bot.team.id)
    await slack.says("Ben", "general", "missed", tell=False)

    await bot.hears(await slack.says("Ben", "general", "after"))

    assert await bot.texts() == ["before", "missed", "after"]


async def test_what_was_said_before_a_gap_and_is_heard_after_it_began_closes_nothing(slack, bot):
    late = await slack.says("Ben", "general", "before", ago=ago(seconds=1))
    bot.catch_up.gap_began(bot.team.id)
    await bot.hears(late)
    await slack.says("Ben", "general", "missed", tell=False)

    await bot.hears(await slack.says("Ben", "general", "after"))

    assert await bot.texts() == ["before", "missed", "after"]


async def test_of_very_many_messages_the_newest_thousand_are_fetched(slack, bot, caplog):
    for number in range(1150):
        past = ago(hours=5, seconds=-number)
        await slack.says("Ben", "general", str(number), ago=past, tell=False, blocks=False)

    await bot.sweeps()

    assert await bot.texts() == [str(number) for number in range(150, 1150)]
    assert "only 1000 messages" in caplog.text


async def test_a_reply_sent_to_the_channel_too_is_answered_in_its_thread_alone(slack, bot):
    (parent,) = await missed(slack, "a quiz of capitals")
    question = f"{slack.bot.mention} the capital of France?"
    past = ago(seconds=30)
    await slack.says(
        "Ben", "general", question, thread=parent, broadcast=True, ago=past, tell=False
    )

    await bot.sweeps()
    await bot.pipeline.conversations.drain()

    asked = "@Earshot the capital of France?"
    assert await bot.texts() == ["a quiz of capitals", asked]
    assert await bot.texts(thread=parent) == ["a quiz of capitals", asked, "Paris."]


async def test_a_command_by_mention_is_no_chat(slack, bot):
    await missed(slack, f"{slack.bot.mention} !why", "one")

    await bot.sweeps()

    assert await bot.texts() == ["one"]


async def test_a_message_that_cannot_be_read_hides_no_other(slack, bot, caplog):
    _, second, _ = await missed(slack, "one", "two", "three")
    second.extra["thread_ts"] = second.extra["user"] = {"odd": 1}
    second.blocks = [{"type": "rich_text", "elements": 7}]

    await bot.sweeps()

    assert [text for text in await bot.texts() if text in ("one", "three")] == ["one", "three"]


async def test_two_that_go_on_at_once_record_everything_once(slack, bot):
    await missed(slack, "one", "two", "three")

    await asyncio.gather(bot.sweeps(), bot.sweeps(), bot.catch_up.try_again())

    assert await bot.texts() == ["one", "two", "three"]


async def test_a_sweep_leaves_out_what_was_closed_before_it(slack, bot):
    await missed(slack, "one")
    await bot.hears(await slack.says("Ben", "general", "two"))

    await bot.sweeps()

    assert await bot.texts() == ["one", "two"]
    assert len(slack.asked("conversations.history")) == 1
