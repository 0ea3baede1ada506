"""Socket Mode: Earshot comes to Slack however hard that is, and stays, and says so in single lines."""

import asyncio
from dataclasses import replace

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.errors import ConfigError, StoreError
from bot.platforms.slack import app
from bot.platforms.slack.connecting import CROWDED, SWITCHED_OFF
from bot.platforms.slack.losses import FLOODED
from bot.platforms.slack.socket import SocketClient
from tests.slack.connected import QUICK, Noted, connection, settings_for
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


def lines(caplog):
    """What was logged of Slack from warnings on, and that it is connected again."""
    told = [one for one in caplog.records if one.name.startswith("bot.platforms.slack")]
    return [one.getMessage() for one in told if one.levelname != "DEBUG"]


async def hears(slack, noted, text="hello"):
    await slack.says("Alice", "general", text)
    await noted.until(lambda: text in noted.texts)
    await slack.until_delivered()


async def test_an_event_is_written_down_before_it_is_acknowledged(slack, store, noted):
    noted.gate = asyncio.Event()
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        await slack.says("Alice", "general", "hello")
        await slack.until(lambda: slack.deliveries.all)
        assert not slack.sockets.acknowledged

        noted.gate.set()
        await slack.until_delivered()

    assert noted.texts == ["hello"]
    assert noted.teams[0].id == slack.team.id
    assert (noted.teams[0].user_id, noted.teams[0].bot_id) == (slack.bot.id, slack.bot.bot_id)
    assert noted.teams[0].app_id == slack.app_id
    assert noted.said == ["Connected to Slack, to the workspace Harbor."]


async def test_an_event_that_cannot_be_written_down_is_not_acknowledged_and_comes_again(
    slack, store, noted, caplog
):
    noted.fails = StoreError("the disk is full")
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        await slack.says("Alice", "general", "hello")
        await slack.until(lambda: lines(caplog))
        noted.fails = None

        slack.sockets.redeliver()
        await slack.until_delivered()

    assert noted.texts == ["hello"]
    event_id = noted.events[0]["event_id"]
    assert lines(caplog) == [
        f"Slack: the event {event_id} could not be written down: the disk is full"
    ]


async def test_an_event_that_comes_again_while_it_is_written_down_is_written_down_once(
    slack, store, noted
):
    noted.gate = asyncio.Event()
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        await slack.says("Alice", "general", "hello")
        await slack.until(lambda: slack.deliveries.all)
        slack.sockets.redeliver()

        noted.gate.set()
        await slack.until_delivered()

    assert noted.texts == ["hello"]


async def test_events_ask_slack_nothing(slack, store, noted):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()
        before = len(slack.calls)

        for number in range(5):
            await hears(slack, noted, f"number {number}")

    assert [call.name for call in slack.calls[before:]] == []


async def test_a_command_is_acknowledged_with_what_its_handler_gives(slack, store, noted):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        delivery = slack.deliveries.send(
            "slash_commands",
            {"command": "/assistant", "text": "why", "team_id": slack.team.id},
        )
        await slack.until_delivered()

    assert [body["text"] for body in noted.commands] == ["why"]
    assert delivery.answer == {"text": "got it"}


async def test_a_command_whose_workspace_is_not_known_in_time_is_not_acknowledged(
    slack, store, noted, monkeypatch, caplog
):
    monkeypatch.setattr(app, "PATIENCE_S", 0.05)
    never = asyncio.Event()
    async with connection(settings_for(slack), store, noted) as (made, _):
        await slack.until_connected()

        async def asks_slack(*_):
            await never.wait()

        monkeypatch.setattr(made.teams, "team", asks_slack)
        delivery = slack.deliveries.send(
            "slash_commands",
            {"command": "/assistant", "text": "why", "team_id": slack.team.id},
        )
        await seen(lambda: lines(caplog))
        slack.sockets.redeliver()

        assert lines(caplog) == [f"Slack: a command in {slack.team.id} took too long to begin with"]
        assert delivery.lost
        assert noted.commands == []


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

    hasty = replace(QUICK, dead_s=0.1)
    async with connection(settings_for(slack), store, noted, sleep=sleep, pace=hasty):
        await looked.wait()
        assert len(slack.asked(OPEN)) == 1

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


async def test_too_many_events_are_told(slack, store, noted, caplog):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        slack.deliveries.send("events_api", {"type": "app_rate_limited", "team_id": slack.team.id})
        await slack.until_delivered()

    assert lines(caplog) == [FLOODED]


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


async def test_two_processes_share_what_comes(slack, store, noted):
    second = Noted()
    async with (
        connection(settings_for(slack), store, noted),
        connection(settings_for(slack), store, second),
    ):
        await slack.until_connected(2)
        for number in range(4):
            await slack.says("Alice", "general", f"number {number}")
        await slack.until_delivered()

    heard = sorted([*noted.texts, *second.texts])
    assert heard == [f"number {number}" for number in range(4)]
    assert noted.texts
    assert second.texts


async def test_events_of_a_workspace_without_the_app_are_refused_and_said_once(
    slack, store, noted, caplog
):
    other = slack.add_team("Elsewhere")
    slack.add_channel("lounge", team=other)
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        person = slack.member("Bob", team=other)
        for text in ("one", "two"):
            await slack.says(person, "lounge", text)
        await slack.until_delivered()

    assert noted.events == []
    assert lines(caplog) == [
        f"Slack: what comes from {other.id} is refused: the app is not installed in the "
        f"workspace {other.id}"
    ]


async def test_a_workspace_that_removes_the_app_is_told_of_once(slack, store, noted, caplog):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        await slack.uninstalls()
        await slack.until_delivered()

    assert noted.removed == [slack.team.id]
    assert len(lines(caplog)) == 1
    assert lines(caplog)[0].startswith(f"Slack: the workspace {slack.team.id} removed the app")


async def test_another_workspace_that_removes_the_app_is_no_news(slack, store, noted, caplog):
    other = slack.add_team("Elsewhere")
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        await slack.uninstalls(other)
        await slack.until_delivered()

    assert noted.removed == []
    assert lines(caplog) == []
