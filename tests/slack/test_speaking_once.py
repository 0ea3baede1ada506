"""A reply stands once, whatever becomes of a call, of Slack or of the process that posts it."""

import pytest

from bot.errors import PlatformUnavailable, StoreError
from tests.slack.speaking import KEY, LONG, ids, never


async def test_a_reply_whose_answer_was_lost_stands_once(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.faults.reset(on="chat.postMessage", after=True)

    message_id = await earshot.platform.post(item)

    assert ids(slack) == [message_id]
    assert await earshot.store.outbox.parts(KEY) == [message_id]


async def test_a_reply_that_did_not_arrive_is_sent_again(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.faults.reset(on="chat.postMessage")

    message_id = await earshot.platform.post(item)

    assert ids(slack) == [message_id]


@pytest.mark.parametrize("is_after", [True, False])
async def test_trouble_of_slack_s_neither_doubles_nor_loses(slack, earshot, is_after):
    item = await earshot.reply(LONG)
    slack.faults.unavailable(on="chat.postMessage", after=is_after, times=2)

    await earshot.platform.post(item)

    assert "\n\n".join(earshot.texts) == LONG


async def test_a_limit_is_waited_for_and_nothing_is_looked_up(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.faults.rate_limit(7, on="chat.postMessage")

    await earshot.platform.post(item, is_new=True)

    assert earshot.naps.waited == [7.0]
    assert not slack.asked("conversations.replies")


async def test_who_cannot_look_posts_nothing_a_second_time(slack, earshot):
    item = await earshot.reply("About 250 km.")
    slack.faults.reset(on="chat.postMessage", after=True)
    slack.faults.rate_limit(120, on="conversations.replies", times=1)

    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item)
    message_id = await earshot.platform.post(item)

    assert ids(slack) == [message_id]


async def test_a_limited_app_looks_for_its_message_page_by_page(slack, earshot):
    slack.team.is_limited = True
    earshot.is_addressed = never
    item = await earshot.reply("Or by bike?")
    slack.faults.reset(on="chat.postMessage", after=True)
    slack.faults.rate_limit(120, on="conversations.history")
    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item, is_new=True)
    for number in range(40):
        await slack.says("Mia", "general", f"and {number}")

    for _ in range(2):
        with pytest.raises(PlatformUnavailable, match="ratelimited"):
            await earshot.platform.post(item)
        slack.clock.advance(60.0)
    message_id = await earshot.platform.post(item)

    assert ids(slack) == [message_id]
    pages = [call for call in slack.asked("conversations.history") if call.error is None]
    assert len(pages) == 3


async def test_a_reply_that_a_killed_process_posted_is_found_again(slack, earshot, monkeypatch):
    item = await earshot.reply(LONG)
    with monkeypatch.context() as killed:  # before it wrote down what it had posted
        killed.setattr(earshot.store.outbox, "part_posted", _fails)
        await earshot.platform.post(item, is_new=True)
    posted = ids(slack)
    unwritten = await earshot.store.outbox.parts(KEY)
    after = await earshot.restarted()

    message_id = await after.platform.post(item)

    assert len(posted) > 1
    assert unwritten == []
    assert slack.asked("conversations.replies")
    assert ids(slack) == posted
    assert message_id == posted[0]
    assert await after.store.outbox.parts(KEY) == posted


async def test_a_reply_half_posted_by_a_killed_process_is_completed(slack, earshot):
    item = await earshot.reply(LONG)
    slack.faults.unavailable(on=lambda call: "word2" in str(call.given), times=100)
    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item)
    slack.faults.clear()
    after = await earshot.restarted()

    await after.platform.post(item)

    assert "\n\n".join(after.texts) == LONG


async def test_another_reply_with_the_same_words_is_another(slack, earshot):
    first = await earshot.reply("Yes.")
    await earshot.platform.post(first)
    asked = await earshot.asked("really?")
    begun = earshot.begun(earshot.where, asked.ts)
    second = await earshot.written(begun, "Yes.")
    second = type(second)(**{**_fields(second), "key": "f" * 24})
    after = await earshot.restarted()

    await after.platform.post(second)

    assert after.texts == ["Yes.", "Yes."]


async def _fails(key, number, message_id):
    raise StoreError("the disk is full")


def _fields(item):
    return {name: getattr(item, name) for name in item.__slots__}
