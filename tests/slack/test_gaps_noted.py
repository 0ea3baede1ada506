"""Gaps on Slack that begin while something else is under way, whole bot: nothing said there is lost."""

import asyncio
import json

import pytest

from tests.slack.weather import QUESTION, Weather
from tests.waiting import WITHIN_S

HISTORY = "conversations.history"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


@pytest.fixture
def over_http(slack, database_url):
    changes = {
        "slack_app_token": None,
        "slack_signing_secret": slack.signing_secret,
        "slack_port": 0,
    }
    return Weather(slack, database_url, changes=changes)


def of(channel):
    """Tell the calls that read a channel's history."""
    return lambda call: call.name == HISTORY and call.given["channel"] == channel.id


async def test_what_is_said_in_an_outage_during_a_sweep_is_heard(chat, slack):
    tea = slack.add_channel("tea")
    async with chat.running():
        await chat.greeted("tea")
        await chat.says("Alice", "before the stop")
    gate = slack.faults.hold(on=of(tea))

    async with chat.running():
        await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
        await chat.says("Alice", "one")  # nothing is missing here any more
        slack.sockets.drop()
        await slack.until(lambda: not slack.sockets.connections)
        await slack.says("Ben", "general", "in the outage", tell=False)
        await slack.until_connected()
        await chat.says("Alice", "two")
        gate.open()
        await chat.settled()

        assert await chat.texts() == ["before the stop", "one", "in the outage", "two"]


async def test_an_outage_while_a_page_is_fetched_is_a_gap_of_its_own(chat, slack):
    async with chat.running():
        await chat.greeted()
        await chat.says("Alice", "before the stop")
    gate = slack.faults.hold(on=of(slack.general), after=True)  # the page is written already

    async with chat.running():
        await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
        slack.sockets.drop()
        await slack.until(lambda: not slack.sockets.connections)
        await slack.says("Ben", "general", "in the outage", tell=False)
        await slack.until_connected()
        gate.open()

        async def is_heard():
            return await chat.texts() == ["before the stop", "in the outage"]

        await chat.until(is_heard)


async def test_a_reply_that_waits_is_posted_while_a_sweep_takes_long(chat, slack):
    tea = slack.add_channel("tea")
    async with chat.running():
        await chat.set(stream_replies=False)
        await chat.greeted("tea")
        down = slack.faults.unavailable(on="chat.postMessage", times=1000)
        await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
        await slack.until_delivered()
        await chat.until(chat.pending)
    gate = slack.faults.hold(on=of(tea))

    async with chat.running():
        await asyncio.wait_for(gate.reached.wait(), WITHIN_S)
        down.left = 0  # Slack posts again, only the history hangs
        chat.naps.over()

        assert await chat.until_answered() == ["Paris."]
        gate.open()


async def test_what_slack_kept_back_in_a_flood_is_fetched(chat, slack):
    async with chat.running():
        await chat.greeted()
        await chat.says("Ben", "before")
        slack.events.limited(slack.team)
        await slack.until_delivered()
        await slack.says("Ben", "general", "kept back", tell=False)
        await chat.says("Ben", "after")

        assert await chat.texts() == ["before", "kept back", "after"]


async def test_after_the_minute_of_a_flood_is_looked_for_what_nobody_followed(chat, slack):
    async with chat.running():
        await chat.greeted()
        await chat.says("Ben", "before")
        await slack.says("Ben", "general", "kept back", tell=False)
        slack.events.limited(slack.team)

        async def is_heard():
            return await chat.texts() == ["before", "kept back"]

        await chat.until(is_heard)


@pytest.mark.parametrize(("num_retry", "expected"), [(1, ["first"]), (2, ["given up", "first"])])
async def test_what_slack_gave_up_is_fetched_once_its_later_tries_arrive(
    over_http, slack, num_retry, expected
):
    chat = over_http
    async with chat.running():
        await chat.greeted()
        await slack.says("Ben", "general", "given up", tell=False)
        said = await slack.says("Ben", "general", "first", tell=False)
        event = {"type": "message", "channel": slack.general.id, "channel_type": "channel"}
        event |= {"ts": said.ts, "event_ts": said.ts, "user": said.user.id, "text": "first"}
        body = json.dumps(slack.events.callback(slack.team, event, channel=slack.general))
        headers = {**JSON, "X-Slack-Retry-Num": str(num_retry)}
        answer = await slack.http.post_raw(slack.http.urls["events_api"], body, headers)
        await chat.settled()

        assert answer.status == 200
        assert await chat.texts() == expected


async def test_events_without_an_id_are_all_heard(over_http, slack):
    chat = over_http
    async with chat.running():
        await chat.greeted()
        for text in ("one", "two"):
            ts = slack.stamps.ts()
            event = {"type": "message", "channel": slack.general.id, "channel_type": "channel"}
            event |= {"ts": ts, "event_ts": ts, "user": slack.member("Ben").id, "text": text}
            body = slack.events.callback(slack.team, event, channel=slack.general)
            del body["event_id"]
            await slack.http.post_raw(slack.http.urls["events_api"], json.dumps(body), JSON)

        assert await chat.texts() == ["one", "two"]
