"""Replies that grow where people read them as Slack's streams, in threads."""

import logging

import pytest

from bot.errors import PlatformUnavailable, StoreError
from tests.slack.growing import APPEND, BEGUN, MORE, START, STOP, WHOLE, names, shown
from tests.slack.speaking import KEY, LONG


async def test_a_reply_grows_as_a_stream_in_its_thread(slack, earshot, draft):
    await shown(earshot, draft, BEGUN, MORE)

    message_id = await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = slack.posts("general", thread=draft.reply_to)
    assert (message.ts, message.versions) == (message_id, [BEGUN, MORE, WHOLE])
    assert not message.streaming
    assert names(slack) == [START, APPEND, STOP]


async def test_slack_is_told_for_whom_a_stream_is(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)

    (call,) = slack.asked(START)
    mia = slack.member("Mia")
    assert call.args["recipient_user_id"] == mia.id
    assert call.args["recipient_team_id"] == slack.team.id


async def test_a_stream_is_written_down_at_once_and_marked_at_its_end(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)

    (message,) = slack.posts("general")
    assert [item.key for item in await earshot.store.outbox.drafts("slack")] == [KEY]
    assert await earshot.store.outbox.parts(KEY) == [message.ts]
    assert message.metadata is None

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert message.metadata["event_payload"] == {"key": KEY, "part": 0}


async def test_a_stream_pings_nobody(slack, earshot, draft):
    begun = "Ask <!channel> or <@U0000002M> or @here"
    for end in range(1, len(begun) + 1):
        await shown(earshot, draft, begun[:end])

    await earshot.platform.post(await earshot.written(draft, f"{begun} or <!here>"))

    assert len(slack.asked(APPEND)) > 5
    assert not slack.pinged


async def test_a_stream_whose_words_became_others_is_corrected(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)

    await earshot.platform.post(await earshot.written(draft, "Milan **is** far."))

    (message,) = slack.posts("general")
    assert (message.text, message.blocks) == ("Milan *is* far.", [])
    assert names(slack) == [START, STOP, "chat.update"]


async def test_a_reply_that_outgrows_its_stream_goes_on_in_more_messages(slack, earshot, draft):
    await shown(earshot, draft, LONG[:500], LONG[:2000], LONG[:5000])
    assert len(earshot.texts) == 2

    await earshot.platform.post(await earshot.written(draft, LONG))

    assert "\n\n".join(earshot.texts) == LONG
    assert [post.metadata["event_payload"]["part"] for post in slack.posts("general")] == [0, 1, 2]
    assert len(slack.asked(START)) == 1


async def test_a_failing_history_keeps_no_reply_from_growing_later(
    slack, earshot, draft, monkeypatch, caplog
):
    async def failing(where, message_id):
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(earshot.store.messages, "find", failing)
        await shown(earshot, draft, BEGUN)
    assert "a draft was not shown: the history does not answer: the disk is full" in caplog.text

    await shown(earshot, draft, MORE)

    assert earshot.texts == [MORE]


async def test_a_message_deleted_while_it_grows_is_not_put_back(slack, earshot, draft, caplog):
    caplog.set_level(logging.INFO)
    await shown(earshot, draft, BEGUN)
    (message,) = slack.posts("general")
    await slack.deletes(message)
    await shown(earshot, draft, MORE)

    message_id = await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert message_id == message.ts
    assert not slack.posts("general")
    assert "was deleted" in caplog.text


async def test_a_direct_chat_streams_in_its_threads(slack, earshot):
    chat = slack.dm("Mia")
    asked = await earshot.asked(where=chat)
    draft = earshot.begun(earshot.key_of(chat, thread=asked.ts), asked.ts)

    await shown(earshot, draft, BEGUN)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert [post.text for post in slack.posts("@Mia")] == [WHOLE]
    assert names(slack) == [START, STOP]


async def test_an_unreachable_slack_leaves_the_reply_for_later(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    item = await earshot.written(draft, WHOLE)
    slack.faults.unavailable(on="chat.*", times=100)
    with pytest.raises(PlatformUnavailable):
        await earshot.platform.post(item)
    slack.faults.clear()

    await earshot.platform.post(item)

    assert earshot.texts == [WHOLE]
