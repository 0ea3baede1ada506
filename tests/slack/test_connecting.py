"""Socket Mode: Earshot comes to Slack however hard that is, and stays, and says so in single lines."""

import asyncio
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.errors import ConfigError
from bot.platforms.slack.connecting import CROWDED, SWITCHED_OFF
from bot.platforms.slack.socket import SocketClient
from tests.slack.connected import QUICK, connection, hears, lines, settings_for
from tests.waiting import WITHIN_S, seen

OPEN = "apps.connections.open"


@pytest.fixture(autouse=True)
def _from_info_on(caplog):
    caplog.set_level("INFO", logger="bot.platforms.slack")


@pytest.fixture
def naps():
    """A sleep that takes no time, and the list of how long it was to be."""
    taken = []

    async def sleep(wait_s):
        taken.append(wait_s)
        await asyncio.sleep(0.01)

    sleep.taken = taken
    return sleep


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slack_app_token": "xapp-1-wrong"}, "refused the app-level token"),
        ({"slack_bot_token": "xoxb-wrong"}, "refused the bot token"),
    ],
)
async def test_a_token_that_slack_refuses_ends_the_run_and_says_where_another_is(
    slack, store, noted, changes, said
):
    async with connection(settings_for(slack, **changes), store, noted) as (_, serving):
        with pytest.raises(ConfigError, match=said) as told:
            await asyncio.wait_for(serving, WITHIN_S)

    assert "invalid_auth" in str(told.value)
    assert "https://api.slack.com/apps" in str(told.value)
    assert all(token not in str(told.value) for token in changes.values())


async def test_an_app_token_without_its_scope_ends_the_run(slack, store, noted):
    token = slack.tokens.app(scopes=()).value
    async with connection(settings_for(slack, slack_app_token=token), store, noted) as running:
        with pytest.raises(ConfigError, match="connections:write"):
            await asyncio.wait_for(running[1], WITHIN_S)


@pytest.mark.parametrize("how", ["unavailable", "reset"])
async def test_it_waits_for_slack_at_the_start(  # noqa: PLR0913 - fixtures
    slack, store, noted, naps, caplog, how
):
    getattr(slack.faults, how)(on="auth.test", times=3)

    async with connection(settings_for(slack), store, noted, sleep=naps):
        await slack.until_connected()
        await hears(slack, noted)

    assert naps.taken[:3] == [1.0, 2.0, 4.0]
    begins = f"Slack cannot be reached at {slack.api_url.rstrip('/')}: who the bot is: "
    assert all(line.startswith(begins) for line in lines(caplog))
    assert len(lines(caplog)) == 3


async def test_a_handshake_that_failed_once_is_not_tried_again_with_its_spent_address(
    slack, store, noted, caplog
):
    slack.faults.unavailable(on="socket", times=1)

    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        await hears(slack, noted)

    assert slack.sockets.refused[0] == 503
    assert lines(caplog) == [
        "Slack: no connection: HTTP 503; trying again",
        "Slack: connected again",
    ]


async def test_handshakes_that_fail_are_tried_again_after_waits_that_grow(
    slack, store, noted, naps
):
    slow = replace(QUICK, ping_s=60.0, again_s=4.0)  # nobody sits through slack_sdk's own wait
    slack.faults.unavailable(on="socket", times=5)

    async with connection(settings_for(slack), store, noted, sleep=naps, pace=slow):
        await slack.until_connected()
        assert naps.taken == [1.0, 2.0, 4.0, 4.0, 4.0]
        await noted.until(lambda: noted.num_gaps == 1)
        slack.faults.unavailable(on="socket", times=1)
        slack.sockets.drop()
        await noted.until(lambda: noted.num_gaps == 2)
        await hears(slack, noted)

    assert naps.taken == [1.0, 2.0, 4.0, 4.0, 4.0, 1.0]


async def test_why_no_connection_comes_about_is_told_once_it_is_known(
    slack, store, noted, naps, caplog
):
    gate = slack.faults.hold(on=OPEN)
    slack.faults.unavailable(on="socket")
    hasty = replace(QUICK, told_s=0.0)

    async with connection(settings_for(slack), store, noted, sleep=naps, pace=hasty):
        await gate.reached.wait()
        await seen(lambda: lines(caplog))
        gate.open()
        await slack.until_connected()
        await hears(slack, noted)

    assert lines(caplog)[:2] == [
        "Slack: no connection: the connection was dropped; trying again",
        "Slack: no connection: HTTP 503; trying again",
    ]


async def test_a_dropped_socket_is_connected_again_at_once_and_the_gap_is_told(
    slack, store, noted, caplog
):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        await noted.until(lambda: noted.num_gaps == 1)

        slack.sockets.drop()
        await noted.until(lambda: noted.num_gaps == 2)
        await hears(slack, noted)

    assert slack.sockets.opened == 2
    assert lines(caplog) == []


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_disconnect_that_is_slack_s_own_doing_is_followed_by_another_connection(
    slack, store, noted, caplog, reason
):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        slack.sockets.disconnect(reason)
        await noted.until(lambda: noted.num_gaps >= 2)
        await hears(slack, noted)

    assert len(slack.asked(OPEN)) == 2
    assert lines(caplog) == []


@pytest.mark.parametrize(
    ("reason", "line", "wait_s"),
    [("link_disabled", SWITCHED_OFF, 60.0), ("too_many_websockets", CROWDED, 1.0)],
)
async def test_a_disconnect_that_somebody_has_to_mend_is_said_once_and_tried_again(  # noqa: PLR0913 - fixtures
    slack, store, noted, naps, caplog, reason, line, wait_s
):
    async with connection(settings_for(slack), store, noted, sleep=naps):
        await slack.until_connected()
        slack.faults.error("socket_mode_disabled", on=OPEN, times=2)

        slack.sockets.disconnect(reason)
        await noted.until(lambda: noted.num_gaps >= 2)
        await hears(slack, noted)

    assert lines(caplog) == [line, "Slack: connected again"]
    assert naps.taken[0] == wait_s


async def test_a_rate_limit_on_connections_is_waited_out_but_not_for_ever(
    slack, store, noted, naps, caplog
):
    slack.faults.rate_limit(30, on=OPEN)
    slack.faults.rate_limit(100_000, on=OPEN)

    async with connection(settings_for(slack), store, noted, sleep=naps):
        await slack.until_connected()
        await hears(slack, noted)

    assert naps.taken == [30.0, 120.0]
    waiting = "Slack gives no more connections for now: waiting"
    assert lines(caplog)[:1] == [f"{waiting} 30 s"]
    assert f"{waiting} 120 s" in lines(caplog)


async def test_a_connection_that_answers_no_pings_gives_way_to_another(slack, store, noted):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        slack.sockets.answers_pings = False

        await noted.until(lambda: noted.num_gaps == 2)
        slack.sockets.answers_pings = True
        await noted.until(lambda: noted.num_gaps >= 2)
        await hears(slack, noted)


@pytest.mark.parametrize("how", ["unavailable", "reset"])
async def test_an_address_that_is_not_given_is_asked_for_again(slack, store, noted, caplog, how):
    getattr(slack.faults, how)(on=OPEN)

    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        await hears(slack, noted)

    told = lines(caplog)
    assert told[0].startswith("Slack: no connection: ")
    assert told[0].endswith("; trying again")
    assert told[1:] == ["Slack: connected again"]


async def test_while_slack_says_to_wait_nobody_asks_again(slack, store, noted, monkeypatch):
    slack.faults.rate_limit(60, on=OPEN)
    looks, looked, go_on = [], asyncio.Event(), asyncio.Event()

    async def sleep(wait_s):
        await go_on.wait()

    async def is_connected(client):
        looks.append(client)
        if len(looks) == 20:
            looked.set()
        return await SocketModeClient.is_connected(client)

    monkeypatch.setattr(SocketClient, "is_connected", is_connected)

    hasty = SimpleNamespace(**asdict(replace(QUICK, dead_s=0.1)))
    async with connection(settings_for(slack), store, noted, sleep=sleep, pace=hasty):
        await looked.wait()
        assert len(slack.asked(OPEN)) == 1

        hasty.dead_s = WITHIN_S  # connecting may take longer than that
        go_on.set()
        await slack.until_connected()


async def test_a_refusal_that_may_pass_is_told_and_tried_again(slack, store, noted, naps, caplog):
    slack.faults.error("forbidden_team", on=OPEN, times=2)

    async with connection(settings_for(slack), store, noted, sleep=naps):
        await slack.until_connected()
        await hears(slack, noted)

    assert naps.taken == [60.0, 60.0]
    assert lines(caplog) == [
        "Slack: no connection: a connection over Socket Mode: Slack refuses: forbidden_team; "
        "trying again",
        "Slack: connected again",
    ]


async def test_a_client_whose_tasks_have_ended_gives_way_to_another(slack, store, noted, naps):
    async with connection(settings_for(slack), store, noted, sleep=naps):
        await slack.until_connected()
        await noted.until(lambda: noted.num_gaps == 1)

        (receiving,) = (
            task
            for task in asyncio.all_tasks()
            if "receive_messages" in getattr(task.get_coro(), "__qualname__", "")
        )
        receiving.cancel()
        await noted.until(lambda: noted.num_gaps == 2)
        await hears(slack, noted)
