"""HTTP: the whole bot behind our own server and behind uvicorn, with all that may come there."""

import asyncio
import json
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.config import variable
from bot.platforms.slack import arrivals, asgi
from bot.platforms.slack.web import MAX_BODY_BYTES
from tests.logs import logged
from tests.slack.connected import settings_for
from tests.slack.weather import QUESTION, Weather
from tests.waiting import WITHIN_S

ROOT = Path(__file__).parents[2]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def chat(slack, database_url):
    changes = {
        "slack_app_token": None,
        "slack_signing_secret": slack.signing_secret,
        "slack_port": 0,
    }
    return Weather(slack, database_url, changes=changes)


@pytest.fixture
async def talk(chat):
    async with chat.running():
        await chat.greeted()
        yield chat


def url_of(chat):
    return chat.slack.http.urls["events_api"]


def event_of(chat, **more):
    """Give the body of an event that somebody said something."""
    slack = chat.slack
    ts = slack.stamps.ts()
    alice = slack.member("Alice").id
    said = {"type": "message", "channel": slack.general.id, "channel_type": "channel", "ts": ts}
    said |= {"user": alice, "text": "forged", "event_ts": ts}
    return {**slack.events.callback(slack.team, said, channel=slack.general), **more}


@pytest.mark.parametrize(
    "odd", [{"secret": "another"}, {"late_s": 301}, {"late_s": 3600}, {"late_s": -360}]
)
async def test_what_is_forged_or_old_is_turned_away_and_not_heard(talk, slack, odd):
    answer = await slack.http.post_raw(url_of(talk), json.dumps(event_of(talk)), JSON, **odd)
    await talk.says("Alice", "true")

    assert answer.status == 401
    assert await talk.texts() == ["true"]


@pytest.mark.parametrize("missing", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
async def test_what_is_not_signed_is_turned_away(talk, slack, missing):
    signed = {"X-Slack-Signature": "", "X-Slack-Request-Timestamp": ""} | JSON
    answer = await slack.http.post_raw(
        url_of(talk), json.dumps(event_of(talk)), {**JSON, missing: signed[missing]}
    )

    assert answer.status == 401
    assert await talk.texts() == []


async def test_the_same_request_once_more_is_heard_once(talk, slack):
    body = json.dumps(event_of(talk))
    for attempt in range(3):
        retried = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
        headers = JSON | (retried if attempt else {})
        assert (await slack.http.post_raw(url_of(talk), body, headers)).status == 200
    await talk.settled()

    assert await talk.texts() == ["forged"]


async def test_a_retry_of_what_another_process_never_saw_is_heard(talk, slack):
    retried = {"X-Slack-Retry-Num": "2", "X-Slack-Retry-Reason": "http_error"}
    body = json.dumps(event_of(talk))
    assert (await slack.http.post_raw(url_of(talk), body, JSON | retried)).status == 200
    await talk.settled()

    assert await talk.texts() == ["forged"]


@pytest.mark.parametrize("body", ["{", "[]", "null", "7", '"words"', "", "payload=%7B", "a=b"])
async def test_what_slack_would_never_send_is_refused_and_nothing_ends(talk, slack, body):
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = await slack.http.post_raw(url_of(talk), body, {"Content-Type": kind})
        assert answer.status is not None
    await talk.says("Alice", "true")

    assert await talk.texts() == ["true"]


async def test_a_body_that_is_too_large_is_not_read(talk, slack):
    answer = await slack.http.post_raw(url_of(talk), "x" * (MAX_BODY_BYTES + 1), JSON)
    await talk.says("Alice", "true")

    assert answer.status == 413
    assert await talk.texts() == ["true"]


async def test_an_answer_comes_in_time_while_the_history_hangs(talk, slack, monkeypatch):
    record, go_on = talk.store.messages.record, asyncio.Event()

    async def hanging(_self, message):
        await go_on.wait()
        return await record(message)

    monkeypatch.setattr(type(talk.store.messages), "record", hanging)
    monkeypatch.setattr(arrivals, "PATIENCE_S", 0.05)
    slack.http.retry_after_s = (0.1,) * 100  # until it goes on
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await slack.until(lambda: any(one.status == 503 for one in slack.http.answers))
    monkeypatch.setattr(arrivals, "PATIENCE_S", WITHIN_S)
    go_on.set()
    await slack.until_delivered()
    assert await talk.until_answered() == ["Paris."]

    assert None not in [one.status for one in slack.http.answers]
    assert [each.thread_ts for each in talk.messages()] == [asked.ts]
    assert await talk.texts() == [f"@Earshot {QUESTION}", "Paris."]


async def test_an_address_is_verified(talk, slack):
    assert await slack.http.verify(url_of(talk))


@pytest.fixture
def environment(slack, database_url):
    settings = settings_for(slack, slack_app_token=None)
    given = {}
    for field in settings.model_fields_set:
        value = getattr(settings, field)
        told = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        given[variable(field)] = told
    given[variable("database_url")] = database_url
    given[variable("model_url")] = "http://127.0.0.1:9/v1"
    return given | {"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)}


@asynccontextmanager
async def behind_uvicorn(environment, cwd):
    """Run `uvicorn bot.platforms.slack.asgi:app`; gives its process and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = ("-m", "uvicorn", "bot.platforms.slack.asgi:app", "--port", str(port))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *told, env=environment, cwd=cwd, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def test_uvicorn_serves_it_and_ends_it(chat, slack, environment, tmp_path):
    async with behind_uvicorn(environment, tmp_path) as (process, address):
        await _open(address, process)
        slack.http.use(f"{address}/slack/events")
        assert await slack.http.verify(f"{address}/slack/events")
        said = await slack.says("Alice", "general", "hello")
        await slack.until_delivered()
        process.terminate()
        await asyncio.wait_for(process.wait(), WITHIN_S)
    assert process.returncode in (0, -signal.SIGTERM)  # uvicorn ends by the signal it got

    taken = [one for one in slack.deliveries.all if one.payload["event"].get("ts") == said.ts]
    assert [one.tries for one in taken] == [["ok"]]
    async with chat.running():
        assert await chat.texts() == ["hello"]


async def _open(address, process):
    async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as http:
        while True:
            assert process.returncode is None
            try:
                async with http.get(f"{address}/healthz") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


async def test_uvicorn_does_not_start_with_a_wrong_token_and_says_why(environment, tmp_path):
    environment[variable("slack_bot_token")] = "xoxb-wrong"
    async with behind_uvicorn(environment, tmp_path) as (process, _):
        _, words = await asyncio.wait_for(process.communicate(), WITHIN_S)

    assert process.returncode == 3
    assert "Slack refused the bot token of EARSHOT_SLACK_BOT_TOKEN (invalid_auth)" in words.decode()
    assert "Traceback" not in words.decode()


async def test_a_server_is_told_that_slack_cannot_be_reached(
    slack, environment, monkeypatch, tmp_path, caplog
):
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        if name.startswith("EARSHOT_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(asgi, "START_TIMEOUT_S", 0.3)
    slack.faults.unavailable(on="auth.test", times=99)
    told, answers = asyncio.Queue(), asyncio.Queue()
    living = asyncio.create_task(asgi.Application()({"type": "lifespan"}, told.get, answers.put))
    await told.put({"type": "lifespan.startup"})
    answer = await asyncio.wait_for(answers.get(), WITHIN_S)
    await living

    assert answer == {
        "type": "lifespan.startup.failed",
        "message": "Slack could not be reached within 0 s",
    }
    assert any(line.startswith("Slack cannot be reached at ") for line in logged(caplog))
