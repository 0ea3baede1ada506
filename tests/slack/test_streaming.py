"""Replies that grow where people read them: as Slack's streams in threads, as edits elsewhere."""

import asyncio
import logging
from dataclasses import replace

import pytest

from bot.errors import PlatformUnavailable, StoreError
from bot.messages import ASKED
from bot.platforms.slack.pace import Pace
from tests.slack.speaking import KEY, LONG, Seconds, speaker

BEGUN = "Turin is **quite** far away"  # words worth a look
MORE = f"{BEGUN}: about"
WHOLE = f"{BEGUN}: about 250 km."
START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
SHOWN = "Turin is *quite* far away: about 250 km."  # as Slack's dialect has it


@pytest.fixture
async def earshot(slack, database_url):
    async with speaker(slack, database_url) as speaks:
        yield speaks


@pytest.fixture
async def draft(earshot):
    """A reply that is being written, to a question in a channel."""
    asked = await earshot.asked()
    return earshot.begun(earshot.where, asked.ts)


async def shown(earshot, draft, *texts):
    """Show these words one after the other, and wait until each is shown."""
    for text in texts:
        num_asked = len(earshot.pace.asked)
        await earshot.platform.draft(draft, text)
        if num_asked:
            earshot.pace.go()
        await earshot.pace.asked_for(num_asked + 1)


def _showing():
    """The tasks that show that it writes."""
    return [one for one in asyncio.all_tasks() if "_keep_status" in one.get_coro().__qualname__]


def names(slack):
    return [call.name for call in slack.calls if call.name.startswith("chat.")]


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


@pytest.mark.parametrize("error", ["feature_not_enabled", "unknown_method", "missing_scope"])
async def test_a_workspace_without_streams_gets_edits_and_is_asked_once(
    slack, earshot, draft, error
):
    slack.team.stream_error = error
    await shown(earshot, draft, BEGUN, MORE)
    assert earshot.texts == ["Turin is *quite* far away: about"]
    await earshot.platform.post(await earshot.written(draft, WHOLE))
    asked = await earshot.asked("and Milan?", where=slack.add_channel("trips"))
    other = replace(earshot.begun(earshot.key_of(asked.channel), asked.ts), key="f" * 24)

    await earshot.platform.withdraw(draft)
    await shown(earshot, other, "Milan is nearer, that much is sure")

    assert len(slack.asked(START)) == 1
    assert slack.posts("trips")[0].text == "Milan is nearer, that much is sure"


async def test_a_refusal_of_one_channel_holds_for_that_channel(slack, earshot, draft):
    slack.team.stream_error = "channel_type_not_supported"
    await shown(earshot, draft, BEGUN)
    await earshot.platform.withdraw(draft)
    slack.team.stream_error = None
    asked = await earshot.asked("and Milan?", where=slack.add_channel("trips"))

    other = replace(earshot.begun(earshot.key_of(asked.channel), asked.ts), key="f" * 24)

    await shown(earshot, other, BEGUN)

    assert [post.streamed for post in slack.posts("trips")] == [True]


async def test_a_channel_of_which_it_is_no_member_is_no_reason_to_do_without_streams(
    slack, earshot, draft, caplog
):
    slack.general.members.remove(slack.bot.id)
    await earshot.platform.draft(draft, BEGUN)
    await slack.until(lambda: slack.asked(START))
    await earshot.platform.close()

    assert "invite it there" in caplog.text
    assert not slack.asked("chat.postMessage")


async def test_an_answer_beside_its_question_grows_by_edits(slack, earshot, draft):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)

    await shown(earshot, draft, BEGUN, MORE)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert names(slack) == ["chat.postMessage", "chat.update", "chat.update"]
    assert earshot.texts == [SHOWN]


async def test_a_draft_whose_answer_was_lost_becomes_the_whole_reply(slack, earshot, draft):
    await earshot.store.channels.change(earshot.where, reply_as_reference=False)
    slack.faults.reset(on="chat.postMessage", after=True)

    await shown(earshot, draft, BEGUN)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [SHOWN]


async def test_the_answer_to_a_command_grows_under_its_question(slack, earshot):
    root = await earshot.asked("who drives?")
    where = earshot.key_of(slack.general, thread=root.ts)
    await earshot.record(where, f"{ASKED}77", "how far is Turin?")
    draft = earshot.begun(where, f"{ASKED}77")

    await shown(earshot, draft, BEGUN)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [f"> *Mia*: how far is Turin?\n{SHOWN}"]
    assert not slack.asked(START)


async def test_a_channel_may_want_whole_replies_only(slack, earshot, draft):
    await earshot.store.channels.change(earshot.where, stream_replies=False)

    await earshot.platform.draft(draft, BEGUN)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert names(slack) == ["chat.postMessage"]


async def test_edits_come_no_more_often_than_slack_takes_them(slack, earshot, draft):
    earshot.platform._pace.monotonic = Seconds(stands=True)
    slack.team.stream_error = "feature_not_enabled"

    await shown(earshot, draft, BEGUN, MORE, f"{MORE} 2", f"{MORE} 25")
    assert len(slack.asked("chat.update")) == 1
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    assert earshot.texts == [SHOWN]


async def test_slack_s_word_about_when_to_go_on_is_kept(slack, earshot, draft):
    seconds = earshot.platform._pace.monotonic = Seconds(stands=True)
    await shown(earshot, draft, BEGUN)
    slack.faults.rate_limit(30, on=APPEND)
    await shown(earshot, draft, MORE, f"{MORE} 2")
    seconds.now_s += 29.0
    await shown(earshot, draft, f"{MORE} 25")
    assert len(slack.asked(APPEND)) == 1

    seconds.now_s += 2.0
    await shown(earshot, draft, f"{MORE} 250")

    assert len(slack.asked(APPEND)) == 2
    assert earshot.texts == [f"{MORE} 250"]


async def test_a_thread_of_the_assistant_view_shows_that_it_writes(slack, earshot):
    chat = slack.dm("Mia")
    asked = await earshot.asked(where=chat)
    where = earshot.key_of(chat, thread=asked.ts)

    async with earshot.platform.typing(where):
        await slack.until(lambda: slack.asked("assistant.threads.setStatus"))

    (call,) = slack.asked("assistant.threads.setStatus")
    assert call.given["status"] == "is writing..."
    assert call.given["thread_ts"] == asked.ts


async def test_a_workspace_without_the_assistant_view_is_asked_for_a_status_once(
    slack, earshot, caplog
):
    caplog.set_level(logging.INFO)
    chat = slack.dm("Mia")
    asked = await earshot.asked(where=chat)
    slack.faults.error("missing_scope", on="assistant.*", needed="assistant:write", times=2)

    for _ in range(2):
        async with earshot.platform.typing(earshot.key_of(chat, thread=asked.ts)):
            await asyncio.gather(*_showing())

    assert len(slack.asked("assistant.threads.setStatus")) == 1
    assert "it lacks the scope assistant:write" in caplog.text


async def test_a_plain_thread_keeps_none_of_the_assistant_view_from_a_status(slack, earshot):
    plain, pane = await earshot.asked(where=slack.dm("Mia")), await slack.opens_pane("Mia")

    async with earshot.platform.typing(earshot.key_of(pane.channel, thread=plain.ts)):
        await asyncio.gather(*_showing())
    async with earshot.platform.typing(earshot.key_of(pane.channel, thread=pane.thread_ts)):
        await slack.until(lambda: pane.statuses)

    assert slack.refusals == [("assistant.threads.setStatus", "invalid_thread_ts")]


async def test_elsewhere_nothing_shows_that_it_writes(slack, earshot):
    async with earshot.platform.typing(earshot.where):
        pass

    assert not slack.calls


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


@pytest.mark.parametrize("refused", ["msg_too_long", "invalid_metadata_format"])
async def test_a_stream_that_slack_will_not_end_shows_the_whole_by_an_edit(
    slack, earshot, draft, refused
):
    await shown(earshot, draft, BEGUN, MORE)

    slack.faults.error(refused, on=STOP)
    await earshot.platform.post(await earshot.written(draft, WHOLE))

    (message,) = slack.posts("general", thread=draft.reply_to)
    assert message.text == SHOWN


def test_where_slack_said_to_wait_no_stream_is_begun_before():
    now_s = 100.0
    pace = Pace(lambda: now_s)

    pace.hold("T1", 30.0)

    assert not pace.may_begin("T1")
    assert pace.may_begin("T2")
    now_s = 130.0
    assert pace.may_begin("T1")
