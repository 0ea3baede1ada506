"""Replies that grow by edits: where Slack takes no stream, and at its pace."""

from dataclasses import replace

import pytest

from bot.messages import ASKED
from bot.platforms.slack.pace import Pace
from tests.slack.growing import APPEND, BEGUN, MORE, SHOWN, START, WHOLE, names, shown
from tests.slack.speaking import Seconds


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


def test_where_slack_said_to_wait_no_stream_is_begun_before():
    now_s = 100.0
    pace = Pace(lambda: now_s)

    pace.hold("T1", 30.0)

    assert not pace.may_begin("T1")
    assert pace.may_begin("T2")
    now_s = 130.0
    assert pace.may_begin("T1")
