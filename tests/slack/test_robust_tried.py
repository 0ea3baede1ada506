"""A reply that somebody may have posted already is looked for before it is posted, however young it is."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from bot.errors import StoreError
from tests.clock import hours_off
from tests.slack.installed import comes, for_many, person, talk_of, two_workspaces
from tests.slack.processes import bot_process
from tests.slack.weather import QUESTION, Weather, asks
from tests.waiting import WITHIN_S, seen

A_MINUTE_BEHIND = -1 / 60


@pytest.fixture
def chat(slack, postgresql_url):
    over_http = {
        "slack_app_token": None,
        "slack_signing_secret": slack.signing_secret,
        "slack_port": 0,
    }
    return Weather(slack, postgresql_url, changes=over_http)


async def recorded(chat):
    """Look for what waits, until the answer that stands there is in the history."""
    async with asyncio.timeout(WITHIN_S):
        while "Paris." not in await chat.texts():
            await chat.bot.rounds.post()
            await chat.settled()


async def test_what_a_stopped_process_was_posting_the_other_does_not_post_again(chat, slack):
    other = chat.beside()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(other.running())
        address = slack.http.urls["events_api"]
        await other.greeted()
        async with chat.running():
            await chat.set(stream_replies=False)
            gate = slack.faults.hold(on="chat.postMessage", after=True)
            await asks(chat)
            await gate.reached.wait()
        slack.faults.clear()
        slack.http.use(address)

        await recorded(other)

        assert other.posts() == ["Paris."]
        assert await other.texts() == [f"@Earshot {QUESTION}", "Paris."]
        assert await other.pending() == []


async def test_what_a_killed_process_was_posting_the_other_does_not_post_again(chat, slack):
    async with bot_process(chat, "Paris.") as killed, chat.running():
        address = slack.http.urls["events_api"]
        await chat.greeted()
        await chat.set(stream_replies=False)
        await killed.opened()
        slack.http.use(f"{killed.address}/slack/events")
        gate = slack.faults.hold(on="chat.postMessage", after=True)
        await asks(chat)
        await gate.reached.wait()
        await killed.kill()
        slack.http.use(address)
        slack.faults.clear()

        await recorded(chat)

        assert chat.posts() == ["Paris."]
        assert await chat.pending() == []


async def test_what_could_not_be_noted_for_a_moment_is_not_posted_again(
    slack, database_url, monkeypatch
):
    chat = Weather(slack, database_url)
    async with chat.running():
        await chat.greeted()
        await chat.set(stream_replies=False)
        failed = []

        async def fails(*_, **__):
            failed.append(1)
            raise StoreError("the disk is full")

        with monkeypatch.context() as patched:
            for name in ("posted", "part_posted"):
                patched.setattr(type(chat.store.outbox), name, fails)
            await asks(chat)
            await seen(lambda: len(failed) == 2)
            await chat.settled()

        await recorded(chat)

        assert chat.posts() == ["Paris."]
        assert await chat.pending() == []


async def test_a_restart_with_a_clock_that_is_behind_posts_nothing_again(slack, database_url):
    team = two_workspaces(slack)[0]
    chat = for_many(slack, database_url)
    chat.local_clock = hours_off(A_MINUTE_BEHIND)
    async with chat.running():
        await comes(chat, team)
        await chat.set(talk_of(team), stream_replies=False)
        gate = slack.faults.hold(on="chat.postMessage", after=True)
        await slack.says(person(slack, team), talk_of(team), f"{team.bot.mention} {QUESTION}")
        await gate.reached.wait()
    slack.faults.clear()

    async with chat.running():
        await chat.until(lambda: _nothing_waits(chat))
        assert chat.posts(talk_of(team)) == ["Paris."]


async def _nothing_waits(chat):
    chat.naps.over()
    return not await chat.pending()
