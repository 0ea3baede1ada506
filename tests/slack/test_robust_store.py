"""A history that fails for a while: nothing is acknowledged that is not written down, and nothing doubled."""

import pytest

from bot.errors import StoreError
from bot.platforms.slack import arrivals
from tests.logs import logged
from tests.slack.weather import QUESTION, Weather
from tests.waiting import WITHIN_S, seen

FULL = "the disk is full"
LATE = " is not written down after 0.2 s: it is not acknowledged"


@pytest.fixture(params=["socket", "http"])
def chat(slack, database_url, request):
    changes = {}
    if request.param == "http":
        changes = {
            "slack_app_token": None,
            "slack_signing_secret": slack.signing_secret,
            "slack_port": 0,
        }
    return Weather(slack, database_url, changes=changes)


@pytest.fixture
async def talk(chat, monkeypatch):
    """The bot among people, its greeting behind it; it soon looks at the history again."""
    monkeypatch.setattr("bot.platforms.insist.FIRST_WAIT_S", 0.05)
    async with chat.running():
        await chat.greeted()
        yield chat


class Failing:
    """A part of the history of which one method fails until it is mended."""

    def __init__(self, part, name, monkeypatch):
        self.num_failed, self.is_mended, method = 0, False, getattr(part, name)

        async def failing(*args, **options):
            if self.is_mended:
                return await method(*args, **options)
            self.num_failed += 1
            raise StoreError(FULL)

        monkeypatch.setattr(part, name, failing, raising=True)


async def test_what_cannot_be_written_down_is_not_acknowledged_and_heard_once(
    talk, slack, caplog, monkeypatch
):
    failing = Failing(type(talk.store.messages), "record", monkeypatch)
    slack.http.retry_after_s = (0.1,) * 100  # not more often than it may take to see the first
    monkeypatch.setattr(arrivals, "PATIENCE_S", 0.2)
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await seen(lambda: failing.num_failed and any(LATE in line for line in logged(caplog)))
    monkeypatch.setattr(arrivals, "PATIENCE_S", WITHIN_S)
    slack.sockets.redeliver()
    await slack.until(lambda: any(one.attempt for one in _heard(slack)))
    assert failing.num_failed
    assert not any(one.acknowledged for one in _heard(slack))

    failing.is_mended = True
    await slack.until_delivered()
    assert await talk.until_answered() == ["Paris."]

    assert [each.thread_ts for each in talk.messages()] == [asked.ts]
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]
    waits = f"what was said in {talk.place()} waits for the history, 0.1 s: {FULL}"
    assert waits in logged(caplog)


def _heard(slack):
    """List the deliveries of what people said."""
    of_people = [one for one in slack.deliveries.all if "event" in one.payload]
    return [one for one in of_people if QUESTION in str(one.payload["event"].get("text"))]


async def test_who_asked_is_told_if_the_reply_cannot_be_written_down(talk, slack, monkeypatch):
    failing = Failing(type(talk.store.outbox), "add", monkeypatch)
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await seen(lambda: failing.num_failed)
    await slack.until(lambda: len(talk.posts()) == 1 and talk.posts() != ["Paris."])

    failing.is_mended = True
    talk.naps.over()
    await talk.settled()
    (told,) = talk.messages()
    assert told.thread_ts == asked.ts
    assert await talk.pending() == []
    assert await talk.texts() == [f"@Earshot {QUESTION}"]


async def test_a_reply_that_is_posted_and_cannot_be_noted_is_not_posted_again(
    talk, slack, monkeypatch
):
    failing = Failing(type(talk.store.outbox), "posted", monkeypatch)
    await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await seen(lambda: failing.num_failed)

    failing.is_mended = True
    await talk.until(lambda: _has_answer(talk))
    await talk.settled()
    assert talk.posts() == ["Paris."]
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def _has_answer(chat):
    chat.naps.over()
    return "Paris." in await chat.texts() and not await chat.pending()


async def test_decisions_that_cannot_be_kept_are_made_again(talk, slack, monkeypatch):
    failing = Failing(type(talk.store.decisions), "keep", monkeypatch)
    await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await slack.until_delivered()
    await seen(lambda: failing.num_failed)

    failing.is_mended = True
    await talk.until(lambda: _has_answer(talk))
    await talk.settled()
    assert talk.posts() == ["Paris."]
