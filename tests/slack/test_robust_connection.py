"""Whatever becomes of the connection, each message is recorded once, in order, and answered once."""

import asyncio

import pytest

from bot.errors import ConfigError
from tests.logs import logged
from tests.slack.weather import QUESTION, Weather
from tests.waiting import WITHIN_S, seen

OPEN = "apps.connections.open"
HTML = "<html><body>Service Unavailable</body></html>"


@pytest.fixture
def chat(slack, database_url):
    return Weather(slack, database_url)


@pytest.fixture
async def talk(chat):
    """The bot among people, its greeting behind it."""
    async with chat.running():
        await chat.greeted()
        yield chat


async def answers(chat, num=1):
    """Let Alice ask something, and wait for the answer."""
    asked = await chat.asks("Alice", QUESTION)
    assert await chat.until_answered(num) == ["Paris."] * num
    return asked


def is_connected_anew(chat, num_before):
    sockets = chat.slack.sockets
    return lambda: sockets.opened > num_before and sockets.connections


FIRST = {
    "a spent address": (
        lambda faults: faults.unavailable(on="socket"),
        "Slack: no connection: HTTP 503; trying again",
    ),
    "a spent address, html": (
        lambda faults: faults.respond(503, HTML, on="socket"),
        "Slack: no connection: HTTP 503; trying again",
    ),
    "a handshake cut off": (
        lambda faults: faults.reset(on="socket", times=2),
        "Slack: no connection: ",
    ),
    "503 json": (
        lambda faults: faults.unavailable(on=OPEN, times=2),
        "Slack: no connection: a connection over Socket Mode: Slack is in trouble "
        "(service_unavailable); trying again",
    ),
    "503 html": (
        lambda faults: faults.respond(503, HTML, on=OPEN, times=2),
        "Slack: no connection: a connection over Socket Mode: ",
    ),
    "200 html": (
        lambda faults: faults.respond(200, HTML, on=OPEN, times=2),
        "Slack: no connection: a connection over Socket Mode: whoever answers, it is not Slack",
    ),
    "internal_error": (
        lambda faults: faults.error("internal_error", on=OPEN, times=2),
        "Slack: no connection: a connection over Socket Mode: Slack is in trouble "
        "(internal_error); trying again",
    ),
    "429": (
        lambda faults: faults.rate_limit(45, on=OPEN),
        "Slack gives no more connections for now: waiting 45 s",
    ),
    "ratelimited, 200": (
        lambda faults: faults.respond(
            200, {"ok": False, "error": "ratelimited"}, on=OPEN, headers={"Retry-After": "45"}
        ),
        "Slack gives no more connections for now: waiting 45 s",
    ),
    "too many": (
        lambda faults: faults.error("too_many_websockets", on=OPEN),
        "Slack: no connection: ",
    ),
}


@pytest.mark.parametrize("fault", FIRST)
async def test_a_first_connection_that_fails_is_tried_until_it_comes_about(
    chat, slack, caplog, fault
):
    plan, line = FIRST[fault]
    plan(slack.faults)

    async with chat.running():
        await answers(chat)
        assert await chat.texts() == [f"@Earshot {QUESTION}", "Paris."]

    assert any(each.startswith(line) for each in logged(caplog))
    assert [each for each in caplog.records if each.exc_info] == []


@pytest.mark.parametrize("fault", FIRST)
async def test_what_is_said_while_no_connection_comes_about_is_neither_lost_nor_doubled(
    talk, slack, caplog, fault
):
    plan, line = FIRST[fault]
    await talk.says("Alice", "before")
    for _ in range(2):  # long enough to be told
        plan(slack.faults)
    num_before = slack.sockets.opened

    slack.sockets.drop()
    await slack.until(lambda: not slack.sockets.connections)
    await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    await slack.until(is_connected_anew(talk, num_before))
    assert await talk.until_answered() == ["Paris."]
    await talk.says("Alice", "after")

    said = ["before", f"@Earshot {QUESTION}", "Paris.", "after"]
    assert await talk.texts() == said
    assert any(each.startswith(line) for each in logged(caplog))


async def dropped(sockets):
    sockets.drop()


async def warned(sockets):
    sockets.disconnect("warning")


async def asked_to_reconnect(sockets):
    sockets.disconnect("refresh_requested")


async def switched_off(sockets):
    sockets.disconnect("link_disabled")


async def crowded(sockets):
    sockets.disconnect("too_many_websockets")


async def silent(sockets):
    sockets.answers_pings = False


HAPPENINGS = [dropped, warned, asked_to_reconnect, switched_off, crowded, silent]


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("happens", HAPPENINGS)
async def test_what_is_said_between_two_connections_is_answered_once(talk, slack, happens, forgets):
    await talk.says("Alice", "before")
    num_before = slack.sockets.opened

    await happens(slack.sockets)
    asked = await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION}")
    if forgets:
        slack.sockets.forget()
    await slack.until(is_connected_anew(talk, num_before))
    slack.sockets.answers_pings = True
    assert await talk.until_answered() == ["Paris."]
    await talk.says("Alice", "after")

    assert talk.messages()[0].thread_ts == asked.ts
    assert await talk.texts() == ["before", f"@Earshot {QUESTION}", "Paris.", "after"]


async def test_several_open_connections_deliver_each_event_once(chat, slack):
    others = [chat, chat.beside()]
    async with others[0].running(), others[1].running():
        await slack.until_connected(2)
        await chat.greeted()
        for number in range(1, 5):
            await slack.says("Alice", "general", f"{slack.bot.mention} {QUESTION} {number}")
            await slack.until_delivered()
            for each in others:
                await each.settled()
        await slack.until(lambda: len(chat.posts()) == 4)

        texts = await chat.texts()
    assert sorted(set(texts)) == sorted(
        {*(f"@Earshot {QUESTION} {number}" for number in range(1, 5)), "Paris."}
    )
    assert len(texts) == 8


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("slack_app_token", "Slack refused the app-level token of EARSHOT_SLACK_APP_TOKEN"),
        ("slack_bot_token", "Slack refused the bot token of EARSHOT_SLACK_BOT_TOKEN"),
    ],
)
async def test_a_wrong_token_ends_the_run_and_says_which_and_where_another_is(chat, setting, line):
    chat.changes[setting] = {"slack_app_token": "xapp-1", "slack_bot_token": "xoxb-1"}[setting]
    async with chat.running(connects=False):
        await asyncio.wait([chat.serving], timeout=WITHIN_S)
        error = chat.serving.exception()

    assert isinstance(error, ConfigError)
    assert str(error).startswith(line)


async def test_an_app_token_revoked_while_it_runs_ends_the_run(talk, slack):
    slack.faults.error("token_revoked", on=OPEN, times=99)

    slack.sockets.drop()
    await asyncio.wait([talk.serving], timeout=WITHIN_S)

    assert str(talk.serving.exception()).startswith("Slack refused the app-level token")


async def test_whether_it_hears_is_known_at_any_time(talk, slack):
    hears = talk.bot.connection.hears
    assert hears()

    slack.faults.unavailable(on=OPEN, times=9999)
    slack.sockets.drop()
    await seen(lambda: not hears())
    slack.faults.clear()
    await seen(hears)


async def test_over_http_it_hears_as_long_as_it_takes_requests(slack, database_url):
    over_http = {"slack_app_token": None, "slack_signing_secret": slack.signing_secret}
    chat = Weather(slack, database_url, changes={**over_http, "slack_port": 0})

    async with chat.running():
        assert chat.bot.connection.hears()


async def test_a_stop_leaves_no_task_and_no_socket(chat, slack):
    before = asyncio.all_tasks()
    async with chat.running():
        await chat.greeted()
        await slack.says("Alice", "general", "in the middle of it")
    await slack.until(lambda: not slack.sockets.connections)

    left = [task for task in asyncio.all_tasks() - before if "slack" in repr(task).lower()]
    assert [task for task in left if "tests" not in repr(task)] == []


async def test_a_stop_ends_a_bot_that_cannot_connect(chat, slack):
    gate = slack.faults.hold(on=OPEN)
    async with chat.running(connects=False):
        await gate.reached.wait()
    await seen(lambda: chat.serving.done())
