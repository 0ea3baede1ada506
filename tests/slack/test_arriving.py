"""What arrives over a connection is written down before it is acknowledged."""

import asyncio

import pytest

from bot.errors import StoreError
from bot.platforms.slack import app
from bot.platforms.slack.losses import FLOODED
from tests.slack.connected import Noted, connection, hears, lines, settings_for
from tests.waiting import seen


@pytest.fixture(autouse=True)
def _from_info_on(caplog):
    caplog.set_level("INFO", logger="bot.platforms.slack")


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


async def test_too_many_events_are_told(slack, store, noted, caplog):
    async with connection(settings_for(slack), store, noted):
        await slack.until_connected()

        slack.deliveries.send("events_api", {"type": "app_rate_limited", "team_id": slack.team.id})
        await slack.until_delivered()

    assert lines(caplog) == [FLOODED]


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
