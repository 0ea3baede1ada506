"""Streams that are lost, left or taken back: the reply stands once, whole, or not at all."""

import pytest

from tests.slack.growing import APPEND, BEGUN, MORE, SHOWN, START, STOP, WHOLE, shown
from tests.slack.speaking import KEY


async def test_a_lost_addition_is_not_doubled(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    slack.faults.reset(on=APPEND, after=True)
    await shown(earshot, draft, MORE)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [SHOWN]


@pytest.mark.parametrize("is_after", [True, False])
async def test_a_lost_end_is_made_up_for(slack, earshot, draft, is_after):
    await shown(earshot, draft, BEGUN)
    slack.faults.reset(on=STOP, after=is_after)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = slack.posts("general")
    assert message.text == (SHOWN if is_after else WHOLE)
    assert not message.streaming
    assert message.metadata["event_payload"] == {"key": KEY, "part": 0}


async def test_a_stream_that_slack_ended_by_itself_is_finished_by_an_edit(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    slack.clock.advance(301.0)

    await shown(earshot, draft, MORE)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [SHOWN]


async def test_a_stream_whose_beginning_was_lost_is_found(slack, earshot, draft):
    slack.faults.reset(on=START, after=True)
    await shown(earshot, draft, BEGUN, MORE)

    message_id = await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = slack.posts("general")
    assert (message.ts, message.text) == (message_id, SHOWN)
    assert await earshot.store.outbox.parts(KEY) == [message_id]


async def test_a_lost_stream_is_found_whatever_signs_are_in_it(slack, earshot, draft):
    slack.faults.reset(on=START, after=True)
    await shown(earshot, draft, "So it is, <!channel> & co.")

    await earshot.platform.post(await earshot.written(draft, "So it is, <!channel> & co. <!here>"))

    (message,) = slack.posts("general")
    assert not message.streaming


async def test_a_stream_that_never_began_is_posted_whole(slack, earshot, draft):
    slack.faults.reset(on=START)
    await shown(earshot, draft, BEGUN, MORE)

    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [SHOWN]


async def test_a_withdrawn_stream_is_gone(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)

    await earshot.platform.withdraw(draft)

    assert not slack.posts("general")


async def test_a_stream_of_a_killed_process_is_taken_away(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    after = await earshot.restarted()
    (left,) = await after.store.outbox.drafts("slack")

    await after.platform.withdraw(left)

    assert not slack.posts("general")


async def test_a_stream_that_a_killed_process_could_not_write_down_is_taken_away(
    slack, earshot, draft
):
    slack.faults.reset(on=START, after=True)
    await shown(earshot, draft, BEGUN)
    after = await earshot.restarted()
    (left,) = await after.store.outbox.drafts("slack")

    await after.platform.withdraw(left)

    assert not slack.posts("general")


async def test_what_is_known_is_taken_away_also_with_its_thread_gone(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    after = await earshot.restarted()
    (left,) = await after.store.outbox.drafts("slack")
    slack.faults.error("thread_not_found", on="conversations.replies")

    await after.platform.withdraw(left)

    assert not slack.posts("general")


async def test_what_others_say_for_the_app_is_not_taken_away(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    await earshot.team.client.chat_postMessage(
        channel=slack.general.id, text="Set to 30.", thread_ts=draft.reply_to
    )
    after = await earshot.restarted()
    (left,) = await after.store.outbox.drafts("slack")

    await after.platform.withdraw(left)

    assert earshot.texts == ["Set to 30."]


async def test_a_stream_of_a_killed_process_becomes_the_reply(slack, earshot, draft):
    await shown(earshot, draft, BEGUN)
    item = await earshot.written(draft, WHOLE)
    after = await earshot.restarted()

    message_id = await after.platform.post(item)

    (message,) = slack.posts("general")
    assert (message.ts, message.text, message.streaming) == (message_id, SHOWN, False)


@pytest.mark.parametrize("refused", ["msg_too_long", "invalid_metadata_format"])
async def test_a_stream_that_slack_will_not_end_shows_the_whole_by_an_edit(
    slack, earshot, draft, refused
):
    await shown(earshot, draft, BEGUN, MORE)

    slack.faults.error(refused, on=STOP)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = slack.posts("general", thread=draft.reply_to)
    assert message.text == SHOWN
