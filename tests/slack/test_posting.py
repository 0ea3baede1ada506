"""Single calls to Slack: what they send, and what is said of those that fail."""

import json
import re
from datetime import timedelta

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import PlatformError, PlatformUnavailable
from bot.platforms.slack.own_messages import Search
from bot.platforms.slack.posting import Mark, Poster
from bot.platforms.slack.refusals import (
    SlackDialect,
    cause,
    code,
    may_pass,
    retry_after_s,
    surely_not_done,
)
from bot.platforms.trying import Gone
from tests.slack.speaking import team_of


@pytest.fixture
def poster(earshot):
    return Poster(earshot.trying)


@pytest.fixture
def mark(slack):
    return Mark(slack.clock.now() - timedelta(seconds=5))


def refused(error, status=200, headers=None, **more):
    answer = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": error, **more},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("refused", answer)


async def test_a_message_is_sent_once_by_slack_sdk_whatever_happens(slack, earshot, poster, mark):
    slack.faults.reset(on="chat.postMessage", after=True)

    with pytest.raises(PlatformUnavailable):
        await poster.send(earshot.where, "hi", mark, insist=False)

    assert len(slack.asked("chat.postMessage")) == 1
    assert mark.is_unsure


async def test_a_refusal_leaves_no_doubt(slack, earshot, poster, mark):
    slack.faults.error("no_text", on="chat.postMessage")

    with pytest.raises(PlatformError):
        await poster.send(earshot.where, "hi", mark)

    assert not mark.is_unsure


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, "<html>busy</html>"), (502, None), (200, "<html>sign in</html>"), (200, "{")],
)
async def test_an_answer_that_is_none_of_slacks_leaves_a_doubt(earshot, mark, status, body):
    poster = Poster(earshot.trying)
    earshot.server.faults.respond(status, body, on="chat.postMessage")

    with pytest.raises(PlatformUnavailable):
        await poster.send(earshot.where, "hi", mark, insist=False)

    assert mark.is_unsure


async def test_a_text_is_replaced_with_blocks_and_all(slack, earshot, poster, mark):
    ts = await poster.send(earshot.where, "hi", mark)

    await poster.update(earshot.where, ts, "hello", mark)

    (post,) = slack.posts("general")
    assert (post.text, post.blocks) == ("hello", [])


async def test_a_message_that_is_gone_cannot_be_changed(slack, earshot, poster, mark):
    ts = await poster.send(earshot.where, "hi", mark)
    await poster.delete(earshot.where, ts)

    with pytest.raises(Gone, match="the message is gone"):
        await poster.update(earshot.where, ts, "hello", mark)


async def test_a_message_that_streams_is_ended_before_it_is_changed(slack, earshot, poster, mark):
    asked = await earshot.asked()
    place = earshot.key_of(slack.general, thread=asked.ts)
    ts = await begun(slack, earshot, asked)

    await poster.update(place, ts, "hello", mark)

    (post,) = slack.posts("general")
    assert (post.text, post.streaming) == ("hello", False)


async def test_a_message_that_streams_is_ended_before_it_is_deleted(slack, earshot, poster):
    asked = await earshot.asked()
    ts = await begun(slack, earshot, asked)
    slack.faults.error("streaming_state_conflict", on="chat.delete")

    await poster.delete(earshot.where, ts)

    assert not slack.posts("general")
    assert len(slack.asked("chat.stopStream")) == 1


async def test_a_stream_that_cannot_be_ended_keeps_its_words(slack, earshot, poster, mark):
    asked = await earshot.asked()
    ts = await begun(slack, earshot, asked)
    slack.faults.error("message_not_owned_by_app", on="chat.stopStream")

    with pytest.raises(PlatformError, match="streaming_state_conflict"):
        await poster.update(earshot.where, ts, "hello", mark)

    assert [post.text for post in slack.posts("general")] == ["Tu"]


async def begun(slack, earshot, asked):
    answer = await earshot.team.client.chat_startStream(
        channel=slack.general.id,
        thread_ts=asked.ts,
        markdown_text="Tu",
        recipient_user_id=asked.user.id,
        recipient_team_id=slack.team.id,
    )
    return answer["ts"]


async def test_a_word_for_one_person_is_seen_by_that_person_alone(slack, earshot, poster):
    mia = slack.member("Mia")
    await slack.says("Mia", "general", "hello")

    await poster.whisper(earshot.where, mia.id, "only for you")

    assert [each.text for each in slack.whispers("general", "Mia")] == ["only for you"]
    assert not slack.posts("general")


async def test_own_messages_are_told_from_others_by_their_marks(slack, earshot, poster, mark):
    since = slack.clock.now() - timedelta(seconds=5)
    asked = await earshot.asked()
    place = earshot.key_of(slack.general, thread=asked.ts)
    ts = await poster.send(place, "hi", mark)
    stream_ts = await begun(slack, earshot, asked)

    found = await poster.own(place, Search(place, since))

    assert [(each.ts, each.key) for each in found] == [(ts, mark.key), (stream_ts, None)]
    assert [each.is_stream for each in found] == [False, True]


async def test_a_search_reads_page_after_page(slack, earshot, poster, mark):
    since = slack.clock.now() - timedelta(seconds=5)
    ts = await poster.send(earshot.where, "hi", mark)
    for number in range(120):
        await slack.says("Mia", "general", f"and {number}", tell=False)

    found = await poster.own(earshot.where, Search(earshot.where, since))

    assert [each.ts for each in found] == [ts]
    assert len(slack.asked("conversations.history")) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("not_in_channel"), "may not write in the channel C1 .*: invite it there with"),
        (refused("channel_not_found"), "it is gone, or private: invite Earshot there"),
        (refused("is_archived"), "the channel is archived; whoever unarchives it"),
        (refused("missing_scope", needed="chat:write"), "it lacks the scope chat:write; add it"),
        (refused("missing_scope"), "it lacks a scope; add it"),
        (refused("invalid_auth"), "Slack does not know its token: install the app again"),
        (refused("token_revoked"), "its token was revoked"),
        (refused("account_inactive"), "the app was removed from this workspace"),
        (refused("restricted_action"), "ask an admin to let apps write there"),
        (refused("msg_too_long"), "longer than Slack takes"),
        (refused("thread_not_found"), "the thread is gone"),
        (refused("something_new"), "Slack does not let Earshot write in .*: something_new"),
        (refused("ratelimited", 429), "could not write in .*: ratelimited .status 429."),
        (refused("", 500), "an answer that is none of Slack's .status 500."),
        (TimeoutError(), "no answer in time"),
        (aiohttp.ServerDisconnectedError(), "the connection was cut"),
        (SlackRequestError("no upload"), "no upload"),
    ],
)
async def test_a_failure_is_told_with_what_to_do(slack, earshot, error, words):
    where = earshot.key_of(slack.general)
    where = type(where)("slack", where.workspace, "C1")

    told = SlackDialect().told(error, team_of(slack), where, "write")

    assert str(told).startswith("Slack does not let" if "does not let" in words else "Earshot ")
    assert re.search(words, str(told))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (refused("ratelimited", 429), True),
        (refused("internal_error"), True),
        (refused("fatal_error"), True),
        (refused("service_unavailable", 503), True),
        (refused("request_timeout"), True),
        (refused("team_added_to_org"), True),
        (refused("not_in_channel"), False),
        (refused("invalid_auth", 401), False),
        (OSError("broken pipe"), True),
        (json.JSONDecodeError("no", "", 0), True),
    ],
)
def test_what_may_pass_is_told_from_what_stays(error, passes):
    assert may_pass(error) is passes


@pytest.mark.parametrize(
    ("error", "sure"),
    [
        (refused("ratelimited", 429), True),
        (refused("not_in_channel"), True),
        (refused("internal_error"), False),
        (refused("", 502), False),
        (TimeoutError(), False),
        (ConnectionResetError(), False),
    ],
)
def test_what_surely_did_nothing_is_told_from_what_may_have(error, sure):
    assert surely_not_done(error) is sure


def test_a_connection_that_never_came_about_did_nothing():
    key = aiohttp.client_reqrep.ConnectionKey("slack.com", 443, True, True, None, None, None)

    assert surely_not_done(aiohttp.ClientConnectorError(key, OSError("refused")))
    assert surely_not_done(aiohttp.ConnectionTimeoutError())


@pytest.mark.parametrize(("said", "expected"), [("30", 30.0), ("1.5", 1.5), ("soon", None)])
def test_slack_says_when_to_try_again(said, expected):
    error = refused("ratelimited", 429, {"Retry-After": said})

    assert retry_after_s(error) == expected
    assert retry_after_s(OSError()) is None


def test_a_failure_without_an_answer_has_no_name():
    assert code(OSError()) == ""
    assert code(None) == ""
    assert cause(ValueError()) == "ValueError"


def test_an_error_may_come_with_its_answer_alone():
    error = SlackApiError("refused", {"ok": False, "error": "is_archived"})

    assert (code(error), may_pass(error), retry_after_s(error)) == ("is_archived", False, None)
